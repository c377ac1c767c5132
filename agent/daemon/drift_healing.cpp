#include "daemon/drift_healing.hpp"

#include <utility>

#include "base/log.hpp"

namespace agent {

bool DriftHealing::note(const CheckReport& report) {
    // What could not be looked at is neither healed nor well again.
    if (is_fine(report.result)) told_.erase(report.name);
    noted_.erase(report.name);
    if (report.result != CheckResult::drift || settings_of(report.name) == nullptr) return false;
    noted_.insert(report.name);
    return true;
}

const CheckSettings* DriftHealing::settings_of(const CheckName& check) const {
    const auto* declared = ground_.loaded->baseline.find(check);
    if (declared == nullptr) return nullptr;
    const auto& settings = declared->settings();
    return settings.heal == HealingMode::off || !settings.runbook ? nullptr : &settings;
}

Task<> DriftHealing::work() {
    for (auto noted = std::exchange(noted_, {}); !noted.empty(); noted.erase(noted.begin())) {
        auto looked = co_await look_at(*noted.begin());
        AGENT_CO_TRY(std::move(looked));
    }
    co_return ok();
}

Task<> DriftHealing::look_at(CheckName check) {
    const auto loaded = ground_.loaded;
    if (loaded->policy.mode == HealingMode::off) co_return ok();
    const auto* settings = settings_of(check);
    const auto* runbook = settings != nullptr ? loaded->runbooks.find(*settings->runbook) : nullptr;
    if (runbook == nullptr) co_return ok();  // a reload took it away
    AGENT_CO_TRY(auto deferral, judge(*runbook, settings->heal));
    if (deferral) {
        auto deferred = co_await defer(std::move(check), *runbook, *std::move(deferral));
        co_return deferred;
    }
    told_.erase(check);
    log_info("a drift is healed", {{"check", check.str()}, {"runbook", runbook->id.str()}});
    auto healed = co_await execution_.heal(*loaded, *runbook);
    co_return healed;
}

Result<std::optional<Deferral>> DriftHealing::judge(const Runbook& runbook, HealingMode mode) const {
    if (mode == HealingMode::dry_run && ground_.loaded->policy.mode == HealingMode::enforce)
        return std::optional{
            Deferral{Gate::healing_disabled, "healing of this check is in mode dry_run", std::nullopt}};
    return ground_.judge(runbook);
}

Task<> DriftHealing::defer(CheckName check, const Runbook& runbook, Deferral deferral) {
    const auto& parts = ground_.parts;
    const auto told = told_.find(check);
    if (told != told_.end() && told->second == deferral.reason) co_return ok();
    const Value no_params{Value::Object{}};
    auto draft = co_await parts.engine.describe(runbook, no_params);
    draft.trigger = Trigger::change;
    draft.outcome = Outcome::deferred;
    draft.error = std::string{reason_word(deferral.reason)} + ": " + deferral.detail;
    AGENT_CO_TRY(parts.guard.commit([&](Transaction& transaction) -> Result<> {
        AGENT_TRY(parts.recorder.record(transaction, draft));
        return ok();
    }));
    parts.evidence_written();
    log_info("a drift is not healed now: " + *draft.error, {{"check", check.str()}, {"runbook", runbook.id.str()}});
    told_[check] = deferral.reason;
    co_return ok();
}

}  // namespace agent
