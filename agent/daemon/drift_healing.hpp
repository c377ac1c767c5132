#pragma once
// Drifts that local policy says to repair: a check whose baseline says `heal` starts its runbook by itself. Mode, hold,
// flapping, window, budget and clock are asked as for any run.
#include <map>

#include "daemon/order_execution.hpp"
#include "daemon/order_ground.hpp"

namespace agent {

class DriftHealing {
public:
    DriftHealing(const OrderGround& ground, OrderExecution& execution) : ground_{ground}, execution_{execution} {}

    // True where it is a drift that may be healed.
    [[nodiscard]] bool note(const CheckReport& report);
    // Heals what was noted, or says, once as long as it stays so, why not now.
    [[nodiscard]] Task<> work();

private:
    struct Drift {
        RunbookId runbook;
        HealingMode mode{};
    };
    [[nodiscard]] Task<> look_at(CheckName check, Drift drift);
    [[nodiscard]] Result<std::optional<Deferral>> judge(const Runbook& runbook, HealingMode mode) const;
    [[nodiscard]] Task<> defer(CheckName check, const Runbook& runbook, Deferral deferral);

    const OrderGround& ground_;
    OrderExecution& execution_;
    std::map<CheckName, Drift> noted_;
    std::map<CheckName, Gate> told_;  // why it waits, as evidence says
};

}  // namespace agent
