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
#include "drift/check.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

struct Round {
    TimeSource& time;
    CheckTools tools;
    Duration default_limit;
};

struct Turn {
    Check* check{};
    std::string notes_before;
    std::string notes;
    WallTime started;
    std::optional<Result<CheckReport>> answer;  // nothing where it was stopped half-way
    WallTime ended;
};

asio::awaitable<void> take_turn(const Round& round, Turn& turn) {
    const auto limit = turn.check->settings().timeout.value_or(round.default_limit);
    turn.started = round.time.wall_now();
    turn.ended = turn.started;
    auto look = turn.check->look(round.tools, turn.notes);
    auto answer = co_await with_deadline(round.time, limit, std::move(look));
    turn.answer.emplace(std::move(answer));
    turn.ended = round.time.wall_now();
}

// The report of a check that gave none.
CheckReport report_of_failure(const CheckSettings& settings, const Error& error, Duration limit) {
    auto report = report_on(settings);
    report.findings.push_back(
        undetermined("answer", settings.severity, "an answer within " + describe_duration(limit), error));
    report.facts = Value::object({{"unanswered", error.message()}});
    conclude(report, settings);
    return report;
}

CheckOutcome outcome_of(Turn& turn, Duration default_limit) {
    const auto& settings = turn.check->settings();
    const bool answered = turn.answer && turn.answer->has_value();
    const Error unanswered{Errc::system, "the check ended without an answer"};
    const auto limit = settings.timeout.value_or(default_limit);
    CheckOutcome outcome;
    outcome.report = answered ? std::move(*turn.answer).value()
                              : report_of_failure(settings, turn.answer ? turn.answer->error() : unanswered, limit);
    outcome.report.started = turn.started;
    outcome.report.ended = turn.ended;
    // Half an observation is none: what an unfinished check noted is forgotten.
    outcome.notes = answered ? std::move(turn.notes) : turn.notes_before;
    outcome.notes_changed = outcome.notes != turn.notes_before;
    return outcome;
}

Result<std::vector<Turn>> choose(const Checks& checks, const std::vector<CheckName>& only) {
    std::vector<std::string_view> known;
    for (const auto& check : checks) known.push_back(check->settings().name.str());
    for (const auto& name : only) {
        if (std::find(known.begin(), known.end(), name.str()) != known.end()) continue;
        std::string text = "the baseline has no check named " + agent::quoted(name.str());
        const auto meant = nearest(name.str(), known);
        if (!meant.empty()) text += "; did you mean " + agent::quoted(meant) + "?";
        return Error{Errc::not_found, std::move(text)};
    }
    std::vector<Turn> turns;
    for (const auto& check : checks) {
        const auto& name = check->settings().name;
        if (!only.empty() && std::find(only.begin(), only.end(), name) == only.end()) continue;
        turns.emplace_back().check = check.get();
    }
    return turns;
}

}  // namespace

Task<std::vector<CheckOutcome>> run_checks(Checks& checks, std::vector<CheckName> only, TimeSource& time,
                                           ProcessRunner& processes, Duration default_limit,
                                           std::function<std::string(const CheckName&)> notes_of) {
    AGENT_CO_TRY(auto turns, choose(checks, only));
    std::vector<CheckOutcome> outcomes;
    if (turns.empty()) co_return outcomes;  // a group of nothing would never end
    const Round round{time, CheckTools{processes, time}, default_limit};
    const auto executor = co_await asio::this_coro::executor;
    using Started = decltype(asio::co_spawn(executor, take_turn(round, turns.front()), asio::deferred));
    std::vector<Started> all;
    for (auto& turn : turns) {
        if (notes_of) turn.notes_before = notes_of(turn.check->settings().name);
        turn.notes = turn.notes_before;
        all.push_back(asio::co_spawn(executor, take_turn(round, turn), asio::deferred));
    }
    auto group = asio::experimental::make_parallel_group(std::move(all));
    // A stop reaches every one of them, and each has ended its processes before this goes on.
    co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        co_return Error{Errc::cancelled, "stopped while checks were running"};
    for (auto& turn : turns) outcomes.push_back(outcome_of(turn, default_limit));
    co_return outcomes;
}

}  // namespace agent
