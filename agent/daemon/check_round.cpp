#include "daemon/check_round.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "evidence/check_evidence.hpp"

namespace agent {
namespace {

std::function<std::string(const CheckName&)> notes_from(StateStore* store) {
    return [store](const CheckName& name) -> std::string {
        if (store == nullptr) return {};
        auto notes = store->checks().notes(name);
        return notes.has_value() ? std::move(notes).value() : std::string{};
    };
}

void log_change(const CheckReport& report) {
    const auto result = std::string{to_string(report.result)};
    log(is_fine(report.result) ? LogLevel::info : LogLevel::warning,
        "check " + report.name.str() + ": " + result + (report.reason.empty() ? "" : ": " + report.reason),
        {{"check", report.name.str()}, {"result", result}});
}

}  // namespace

CheckRounds::CheckRounds(CheckRoundParts parts, std::shared_ptr<const LoadedAgent> loaded)
    : parts_{std::move(parts)}, loaded_{std::move(loaded)}, checks_{make_checks(loaded_->baseline)} {}

void CheckRounds::change(std::shared_ptr<const LoadedAgent> loaded) { loaded_ = std::move(loaded); }

Task<> CheckRounds::round() {
    const auto loaded = loaded_;
    checks_ = make_checks(loaded->baseline);
    std::vector<CheckName> all;
    auto ran = co_await run_checks(checks_, std::move(all), parts_.time, parts_.processes,
                                   loaded->settings.checks.timeout, notes_from(&parts_.store));
    AGENT_CO_TRY(const auto outcomes, std::move(ran));
    AGENT_CO_TRY(store_results(outcomes));
    AGENT_CO_TRY(tell_alarm());
    AGENT_CO_TRY(heartbeat());
    parts_.evidence_written();
    co_return ok();
}

Result<> CheckRounds::store_results(const std::vector<CheckOutcome>& outcomes) {
    AGENT_TRY(parts_.guard.commit([&](Transaction& transaction) -> Result<> {
        std::vector<CheckName> names;
        for (const auto& outcome : outcomes) {
            AGENT_TRY(store_result(transaction, outcome));
            names.push_back(outcome.report.name);
        }
        AGENT_TRY(parts_.clock.write(transaction, parts_.store.memory()));
        return parts_.store.checks().keep_only(transaction, names);
    }));
    LoopRecord record;
    record.last_success = parts_.time.wall_now();
    return parts_.store.memory().write_loop("checks", record);
}

Result<> CheckRounds::store_result(Transaction& transaction, const CheckOutcome& outcome) {
    const auto& report = outcome.report;
    const auto digest = state_digest(report);
    AGENT_TRY(const auto last, parts_.store.checks().last(report.name));
    const auto trigger = worth_recording(last, report, digest);
    if (trigger) {
        log_change(report);
        AGENT_TRY(parts_.recorder.record(transaction, draft_of_check(report, *trigger)));
    }
    RememberedCheck remembered;
    remembered.name = report.name;
    remembered.result = report.result;
    remembered.severity = report.severity;
    remembered.reason = report.reason;
    remembered.state_digest = digest;
    remembered.last_run = report.ended;
    remembered.last_change = trigger || !last ? report.ended : last->last_change;
    AGENT_TRY(parts_.store.checks().remember(transaction, remembered));
    if (!outcome.notes_changed) return ok();
    return parts_.store.checks().write_notes(transaction, report.name, outcome.notes);
}

// The state directory ran full: that too is told, once there is room to tell it.
Result<> CheckRounds::tell_alarm() {
    const auto alarm = parts_.guard.take_alarm();
    if (!alarm) return ok();
    EvidenceDraft draft;
    draft.started = parts_.time.wall_now();
    draft.ended = draft.started;
    draft.trigger = Trigger::change;
    draft.severity = Severity::high;
    draft.outcome = Outcome::alert;
    draft.error = *alarm;
    return parts_.guard.commit([&](Transaction& transaction) -> Result<> {
        AGENT_TRY(parts_.recorder.record(transaction, draft));
        return ok();
    });
}

Result<> CheckRounds::heartbeat() {
    const auto now = parts_.time.wall_now();
    AGENT_TRY(const auto record, parts_.store.memory().loop("heartbeat"));
    const bool clock_went_back = record.last_success && now < *record.last_success;
    if (record.last_success && !clock_went_back && now - *record.last_success < loaded_->settings.evidence.heartbeat)
        return ok();
    AGENT_TRY(const auto checks, parts_.store.checks().all());
    if (record.last_success) {  // the first round of a new host has told everything already
        AGENT_TRY(parts_.guard.commit([&](Transaction& transaction) -> Result<> {
            AGENT_TRY(auto refusals, parts_.store.memory().refusal_count());
            AGENT_TRY(parts_.recorder.record(
                transaction, draft_of_heartbeat(checks, refusals.unrecorded, *record.last_success, now)));
            refusals.unrecorded = 0;
            return parts_.store.memory().write_refusal_count(transaction, refusals);
        }));
    }
    LoopRecord written;
    written.last_success = now;
    AGENT_TRY(parts_.store.memory().write_loop("heartbeat", written));
    return prune();
}

Result<> CheckRounds::prune() {
    const auto& keep = loaded_->settings.evidence;
    const auto now = parts_.time.wall_now();
    constexpr std::int64_t batch = 500;
    const Duration age = std::chrono::days{keep.keep_days};
    for (;;) {
        AGENT_TRY(const auto removed, parts_.store.evidence().prune(keep.keep_bundles, age, now, batch));
        if (removed < batch) break;
    }
    const auto mark = parts_.clock.mark();
    return parts_.guard.commit(
        [&](Transaction& transaction) { return parts_.store.orders().prune(transaction, mark); });
}

Task<> CheckRounds::run_forever() {
    for (;;) {
        const auto started = parts_.time.mono_now();
        auto done = co_await round();
        if (done.has_error()) {
            if (done.error().code() == Errc::cancelled || parts_.guard.damaged()) co_return done;
            log_error("a round of checks could not be recorded: " + done.error().message());
            LoopRecord record;
            auto before = parts_.store.memory().loop("checks");
            if (before.has_value()) record = before.value();
            record.last_failure = parts_.time.wall_now();
            record.failure = done.error().message();
            static_cast<void>(parts_.store.memory().write_loop("checks", record).has_error());
        }
        const auto next = started + std::min(loaded_->settings.checks.interval, loaded_->settings.evidence.heartbeat);
        auto slept = co_await parts_.time.sleep_until(next);
        AGENT_CO_TRY(std::move(slept));
    }
}

Task<std::vector<CheckReport>> look_without_recording(std::shared_ptr<const LoadedAgent> loaded, StateStore* store,
                                                      TimeSource& time, ProcessRunner& processes,
                                                      std::vector<CheckName> names) {
    auto checks = make_checks(loaded->baseline);
    auto ran = co_await run_checks(checks, std::move(names), time, processes, loaded->settings.checks.timeout,
                                   notes_from(store));
    AGENT_CO_TRY(auto outcomes, std::move(ran));
    std::vector<CheckReport> reports;
    reports.reserve(outcomes.size());
    for (auto& outcome : outcomes) reports.push_back(std::move(outcome.report));
    co_return reports;
}

}  // namespace agent
