#pragma once
// Drifts that local policy says to repair: a check whose baseline says `heal` starts its runbook by itself. Mode, hold,
// flapping, window, budget and clock are asked as for any run.
#include <deque>
#include <map>
#include <set>

#include "daemon/order_execution.hpp"
#include "daemon/order_ground.hpp"

namespace agent {

class DriftHealing {
public:
    // `accepted`: orders that are carried out next.
    DriftHealing(const OrderGround& ground, OrderExecution& execution, const std::deque<AdmittedOrder>& accepted)
        : ground_{ground}, execution_{execution}, accepted_{accepted} {}

    // True where it is a drift that may be healed.
    [[nodiscard]] bool note(const CheckReport& report);
    // A run has looked after `check`: what was noted before that is told by the next look at the check.
    void forget(const CheckName& check) { noted_.erase(check); }
    // Heals what was noted, or says, once as long as it stays so, why not now.
    [[nodiscard]] Task<> work();

private:
    // Of the baseline of now; null where drifts of `check` are not healed.
    [[nodiscard]] const CheckSettings* settings_of(const CheckName& check) const;
    [[nodiscard]] Task<> look_at(CheckName check);
    [[nodiscard]] bool is_repaired_by_an_order(const CheckName& check) const;
    [[nodiscard]] Result<std::optional<Deferral>> judge(const Runbook& runbook, HealingMode mode) const;
    [[nodiscard]] Task<> defer(CheckName check, const Runbook& runbook, Deferral deferral);

    const OrderGround& ground_;
    OrderExecution& execution_;
    const std::deque<AdmittedOrder>& accepted_;
    std::set<CheckName> noted_;
    std::map<CheckName, Gate> told_;  // why it waits, as evidence says
};

}  // namespace agent
