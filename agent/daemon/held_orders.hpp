#pragma once
// Orders that local policy makes wait: looked at until they may run, or their time to live ends.
#include "daemon/order_execution.hpp"
#include "daemon/order_ground.hpp"
#include "store/order_ledger.hpp"

namespace agent {

// As long as anything that waits for policy, clock or disk is left alone: a minute's patience bounds what a clock that
// jumps can do.
inline constexpr Duration longest_nap{60'000};

class HeldOrders {
public:
    HeldOrders(const OrderGround& ground, OrderExecution& execution) : ground_{ground}, execution_{execution} {}

    // Carries out those that may run now and closes those whose time is up.
    [[nodiscard]] Task<> look_at_all();
    // How long until time alone may change something for one of them.
    [[nodiscard]] Duration next_look() const noexcept { return next_look_; }

private:
    [[nodiscard]] Task<> look_at(OpenOrder held);
    // The intent before the action.
    [[nodiscard]] Result<> start(const OrderId& id, const Runbook& runbook);
    void note_next_look(Duration in);

    const OrderGround& ground_;
    OrderExecution& execution_;
    Duration next_look_{longest_nap};
};

}  // namespace agent
