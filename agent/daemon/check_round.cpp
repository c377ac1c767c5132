#include "daemon/check_round.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "drift/flapping.hpp"
#include "drift/time_sync/time_sync_check.hpp"
#include "evidence/check_evidence.hpp"

namespace agent {
namespace {

const CheckName time_sync_name{"time_sync"};
constexpr Duration heartbeat_retry{std::chrono::minutes{1}};  // where storing it failed

std::function<std::string(const CheckName&)> notes_from(StateStore* store) {
    return [store](const CheckName& name) -> std::string {
        if (store == nullptr) return {};
        auto notes = store->checks().notes(name);
        return notes.has_value() ? std::move(notes).value() : std::string{};
    };
}

std::optional<ServerClock> server_clock_in(StateStore* store) {
    if (store == nullptr) return std::nullopt;
    const auto kept = store->memory().server_clock();
    if (kept.has_error() || !kept.value()) return std::nullopt;
    return ServerClock{kept.value()->ahead, kept.value()->seen};
}

void log_change(const CheckReport& report) {
    const auto result = std::string{to_string(report.result)};
    log(is_fine(report.result) ? LogLevel::info : LogLevel::warning,
        "check " + report.name.str() + ": " + result + (report.reason.empty() ? "" : ": " + report.reason),
        {{"check", report.name.str()}, {"result", result}});
}

}  // namespace

CheckRounds::CheckRounds(CheckRoundParts parts, std::shared_ptr<const LoadedAgent> loaded)
    : parts_{std::move(parts)}, loaded_{std::move(loaded)} {}

void CheckRounds::change(std::shared_ptr<const LoadedAgent> loaded) { loaded_ = std::move(loaded); }

RoundParts CheckRounds::parts_of_round() const {
    return {parts_.time,
            parts_.processes,
            parts_.units,
            loaded_->settings.checks.timeout,
            server_clock_in(&parts_.store),
            notes_from(&parts_.store),
            nullptr};
}

// PROTOCOL.md section 5, `ntp_offset_ms`: what was measured two rounds ago is no measurement any more.
void CheckRounds::tell_offset(const CheckReport& report) {
    if (report.name != time_sync_name) return;
    const auto* fact = report.facts.find(offset_fact);
    const auto* offset = fact == nullptr ? nullptr : fact->integer();
    const auto until = parts_.time.mono_now() + 2 * loaded_->settings.checks.interval;
    parts_.recorder.set_ntp_offset(offset == nullptr ? std::nullopt : std::optional{*offset}, until);
}

Task<> CheckRounds::round() {
    const auto loaded = loaded_;
    // NixOS may have switched to another generation since the last round.
    parts_.recorder.change_speaker(speaker_of(*loaded));
    std::set<CheckName> stored;
    auto parts = parts_of_round();
    parts.ended = [this, &stored](const CheckOutcome& outcome) {
        tell_offset(outcome.report);
        // What cannot be stored now is tried again, and told if it fails, at the end of the round.
        const auto changed = store_if_changed(outcome);
        if (changed.has_value() && changed.value()) stored.insert(outcome.report.name);
        parts_.looked(outcome.report);
    };
    std::vector<CheckName> all;
    auto ran = co_await run_checks(loaded->baseline, std::move(all), std::move(parts));
    AGENT_CO_TRY(const auto outcomes, std::move(ran));
    AGENT_CO_TRY(store_rest(outcomes, stored));
    AGENT_CO_TRY(tell_alarm());
    AGENT_CO_TRY(heartbeat());
    parts_.evidence_written();
    co_return ok();
}

Result<bool> CheckRounds::store_if_changed(const CheckOutcome& outcome) {
    AGENT_TRY(const auto last, parts_.store.checks().last(outcome.report.name));
    if (!worth_recording(last, outcome.report, state_digest(outcome.report))) return false;
    AGENT_TRY(parts_.guard.commit([&](Transaction& transaction) { return store_result(transaction, outcome); }));
    parts_.evidence_written();
    return true;
}

Result<> CheckRounds::store_rest(const std::vector<CheckOutcome>& outcomes, const std::set<CheckName>& stored) {
    AGENT_TRY(parts_.guard.commit([&](Transaction& transaction) -> Result<> {
        std::vector<CheckName> names;
        for (const auto& outcome : outcomes) {
            names.push_back(outcome.report.name);
            if (stored.contains(outcome.report.name)) continue;
            AGENT_TRY(store_result(transaction, outcome));
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
        if (*trigger == Trigger::change) {
            AGENT_TRY(note_change(transaction, report));
        }
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

// A result that comes and goes is told of by itself, and nothing heals it until a person resumes that.
Result<> CheckRounds::note_change(Transaction& transaction, const CheckReport& report) {
    const auto since = report.ended - flapping_span;
    auto memory = parts_.store.checks();
    AGENT_TRY(const auto before, memory.changes_since(report.name, since));
    AGENT_TRY(memory.note_change(transaction, report.name, report.ended, since));
    const auto changes = static_cast<std::int64_t>(before.size()) + 1;
    if (is_flapping(before.size()) || !is_flapping(before.size() + 1)) return ok();
    log_warning("check " + report.name.str() + " is flapping: " + std::to_string(changes) + " changes within " +
                    describe_duration(flapping_span) + "; healing of it is on hold until: compliance-agent resume " +
                    report.name.str(),
                {{"check", report.name.str()}});
    AGENT_TRY(memory.hold(
        transaction, {report.name, report.ended,
                      "flapping: " + std::to_string(changes) + " changes within " + describe_duration(flapping_span)}));
    AGENT_TRY(parts_.recorder.record(transaction, draft_of_flapping(report, changes, flapping_span)));
    return ok();
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
    Holds holds;
    AGENT_TRY(holds.host_until, parts_.store.memory().hold_until());
    AGENT_TRY(holds.checks, parts_.store.checks().held());
    if (record.last_success) {  // the first round of a new host has told everything already
        AGENT_TRY(parts_.guard.commit([&](Transaction& transaction) -> Result<> {
            AGENT_TRY(auto refusals, parts_.store.memory().refusal_count());
            AGENT_TRY(parts_.recorder.record(
                transaction, draft_of_heartbeat(checks, refusals.unrecorded, holds, *record.last_success, now)));
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
        auto slept = co_await parts_.time.sleep_until(started + loaded_->settings.checks.interval);
        AGENT_CO_TRY(std::move(slept));
    }
}

Task<> CheckRounds::beat_forever() {
    for (;;) {
        auto wait = loaded_->settings.evidence.heartbeat;
        const auto record = parts_.store.memory().loop("heartbeat");
        if (record.has_value() && record.value().last_success) {
            const auto passed = parts_.time.wall_now() - *record.value().last_success;
            wait -= std::clamp(passed, Duration{0}, wait);
        }
        auto slept = co_await parts_.time.sleep_for(wait);
        AGENT_CO_TRY(std::move(slept));
        const auto beaten = heartbeat();
        if (beaten.has_value()) {
            parts_.evidence_written();
            continue;
        }
        if (parts_.guard.damaged()) co_return beaten;
        log_error("the heartbeat could not be recorded: " + beaten.error().message());
        slept = co_await parts_.time.sleep_for(heartbeat_retry);
        AGENT_CO_TRY(std::move(slept));
    }
}

Task<std::vector<CheckReport>> look_without_recording(std::shared_ptr<const LoadedAgent> loaded, LookParts parts,
                                                      std::vector<CheckName> names) {
    RoundParts round{parts.time,
                     parts.processes,
                     parts.units,
                     loaded->settings.checks.timeout,
                     server_clock_in(parts.store),
                     notes_from(parts.store),
                     nullptr};
    auto ran = co_await run_checks(loaded->baseline, std::move(names), std::move(round));
    AGENT_CO_TRY(auto outcomes, std::move(ran));
    std::vector<CheckReport> reports;
    reports.reserve(outcomes.size());
    for (auto& outcome : outcomes) reports.push_back(std::move(outcome.report));
    co_return reports;
}

}  // namespace agent
