#include "daemon/drift_healing.hpp"

#include <algorithm>
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
    // Those that come meanwhile have their turn behind the orders that do.
    for (auto turns = noted_.size(); turns > 0 && !noted_.empty(); --turns) {
        auto check = *noted_.begin();
        forget(check);
        auto looked = co_await look_at(std::move(check));
        AGENT_CO_TRY(std::move(looked));
    }
    co_return ok();
}

// By a run of its own, which begins next.
bool DriftHealing::is_repaired_by_an_order(const CheckName& check) const {
    return std::ranges::any_of(accepted_, [&](const AdmittedOrder& order) {
        const auto* runbook = ground_.loaded->runbooks.find(order.payload().runbook_id);
        return order.payload().mode == OrderMode::apply && runbook != nullptr && runbook->repairs == check;
    });
}

Task<> DriftHealing::look_at(CheckName check) {
    const auto loaded = ground_.loaded;
    if (loaded->policy.mode == HealingMode::off) co_return ok();
    const auto* settings = settings_of(check);
    const auto* runbook = settings != nullptr ? loaded->runbooks.find(*settings->runbook) : nullptr;
    if (runbook == nullptr) co_return ok();  // a reload took it away
    if (is_repaired_by_an_order(check)) co_return ok();
    AGENT_CO_TRY(auto deferral, judge(*runbook, settings->heal));
    if (deferral) {
        auto deferred = co_await defer(std::move(check), *runbook, *std::move(deferral));
        co_return deferred;
    }
    told_.erase(check);
    log_info("a drift is healed", {{"check", check.str()}, {"runbook", runbook->id.str()}});
    auto healed = co_await execution_.heal(*loaded, *runbook);
    forget(check);
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
