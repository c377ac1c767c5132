#include "drift/run_checks.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "async/deadline.hpp"
#include "base/text.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

struct Round {
    const Baseline& baseline;
    const RoundParts& parts;
    CheckTools tools;
};

struct Turn {
    const Check* check{};
    std::string notes_before;
    std::string notes;
    std::optional<CheckOutcome> outcome;  // nothing where it was stopped half-way
};

// The report of a check that gave none.
CheckReport report_of_failure(const CheckSettings& settings, const Error& error, Duration limit) {
    auto report = report_on(settings);
    report.findings.push_back(
        undetermined("answer", settings.severity, "an answer within " + describe_duration(limit), error));
    report.facts = Value::object({{"unanswered", error.message()}});
    conclude(report, settings);
    return report;
}

CheckOutcome outcome_of(const Round& round, Turn& turn, Result<CheckReport> answer, Duration limit) {
    const auto& settings = turn.check->settings();
    const bool answered = answer.has_value();
    CheckOutcome outcome;
    outcome.report = answered ? std::move(answer).value() : report_of_failure(settings, answer.error(), limit);
    outcome.report.ended = round.tools.time.wall_now();
    apply_waivers(outcome.report, round.baseline.waivers, outcome.report.ended);
    conclude(outcome.report, settings);
    // Half an observation is none: what an unfinished check noted is forgotten.
    outcome.notes = answered ? std::move(turn.notes) : turn.notes_before;
    outcome.notes_changed = outcome.notes != turn.notes_before;
    return outcome;
}

asio::awaitable<void> take_turn(Round& round, Turn& turn) {
    const auto limit = turn.check->settings().timeout.value_or(round.parts.default_limit);
    const auto started = round.tools.time.wall_now();
    auto tools = round.tools;
    tools.due = tools.time.mono_now() + limit;
    auto look = turn.check->look(tools, turn.notes);
    auto answer = co_await with_deadline(round.tools.time, limit, std::move(look));
    const bool stopped = answer.has_error() && answer.error().code() == Errc::cancelled;
    if (stopped) co_return;
    turn.outcome.emplace(outcome_of(round, turn, std::move(answer), limit));
    turn.outcome->report.started = started;
    if (round.parts.ended) round.parts.ended(*turn.outcome);
}

std::vector<Turn> choose(const std::vector<std::shared_ptr<const Check>>& checks, const std::vector<CheckName>& only) {
    std::vector<Turn> turns;
    for (const auto& check : checks) {
        const auto& name = check->settings().name;
        if (!only.empty() && std::find(only.begin(), only.end(), name) == only.end()) continue;
        turns.emplace_back().check = check.get();
    }
    return turns;
}

}  // namespace

Result<> known_checks(const Baseline& baseline, const std::vector<CheckName>& names) {
    std::vector<std::string_view> known;
    for (const auto& check : baseline.checks) known.push_back(check->settings().name.str());
    for (const auto& name : names) {
        if (std::find(known.begin(), known.end(), name.str()) != known.end()) continue;
        std::string text = "the baseline has no check named " + agent::quoted(name.str());
        const auto meant = nearest(name.str(), known);
        if (!meant.empty()) text += "; did you mean " + agent::quoted(meant) + "?";
        return Error{Errc::not_found, std::move(text)};
    }
    return ok();
}

Task<std::vector<CheckOutcome>> run_checks(const Baseline& baseline, std::vector<CheckName> only, RoundParts parts) {
    AGENT_CO_TRY(known_checks(baseline, only));
    auto turns = choose(baseline.checks, only);
    std::vector<CheckOutcome> outcomes;
    if (turns.empty()) co_return outcomes;  // a group of nothing would never end
    RoundFacts facts;
    Round round{baseline, parts, CheckTools{parts.processes, parts.units, parts.time, facts, parts.server_clock}};
    const auto executor = co_await asio::this_coro::executor;
    using Started = decltype(asio::co_spawn(executor, take_turn(round, turns.front()), asio::deferred));
    std::vector<Started> all;
    for (auto& turn : turns) {
        if (parts.notes_of) turn.notes_before = parts.notes_of(turn.check->settings().name);
        turn.notes = turn.notes_before;
        all.push_back(asio::co_spawn(executor, take_turn(round, turn), asio::deferred));
    }
    auto group = asio::experimental::make_parallel_group(std::move(all));
    // A stop reaches every one of them, and each has ended its processes before this goes on.
    co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        co_return Error{Errc::cancelled, "stopped while checks were running"};
    for (auto& turn : turns) {
        if (!turn.outcome) co_return Error{Errc::cancelled, "stopped while checks were running"};
        outcomes.push_back(std::move(*turn.outcome));
    }
    co_return outcomes;
}

Task<Learnt> Check::learn(CheckTools&) const { co_return Learnt{}; }

}  // namespace agent
