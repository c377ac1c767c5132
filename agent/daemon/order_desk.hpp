#pragma once
// An order's way through the agent, and a drift's. Four rooms do the work, and here they are put in order: intake
// (gates, plan, policy, ledger), held orders, drifts that policy heals, and execution. One run at a time is carried
// out, and an order and a drift that want the same agree on one.
#include <boost/asio/any_io_executor.hpp>
#include <deque>
#include <memory>

#include "async/wake.hpp"
#include "courier/core_port.hpp"
#include "daemon/drift_healing.hpp"
#include "daemon/held_orders.hpp"
#include "daemon/order_execution.hpp"
#include "daemon/order_ground.hpp"
#include "daemon/order_intake.hpp"

namespace agent {

class OrderDesk {
public:
    OrderDesk(const asio::any_io_executor& executor, OrderDeskParts parts, std::shared_ptr<const LoadedAgent> loaded)
        : ground_{std::move(parts), std::move(loaded)}, wake_{executor} {}
    OrderDesk(const OrderDesk&) = delete;  // its rooms refer to each other
    OrderDesk& operator=(const OrderDesk&) = delete;
    OrderDesk(OrderDesk&&) = delete;
    OrderDesk& operator=(OrderDesk&&) = delete;
    ~OrderDesk() = default;

    // An envelope from anywhere. An error is a storage fault: nothing was decided, it may be offered again.
    [[nodiscard]] Task<Delivery> deliver(Offer offer);

    // At start, before anything is accepted: notes the orders and runs that were cut short. They are closed, with
    // evidence, before anything else is carried out.
    [[nodiscard]] Result<> find_interrupted() { return execution_.find_interrupted(); }

    // Carries out what was accepted and looks after held orders, until stopped.
    [[nodiscard]] Task<> work_forever();
    // The same for what can run now, then returns.
    [[nodiscard]] Task<> work_once();

    // What a check found: a drift may start its runbook.
    void looked(const CheckReport& report);

    // Hold, configuration or time may have changed for held orders.
    void look_again() { wake_.ring(); }
    void change(std::shared_ptr<const LoadedAgent> loaded);
    // work_forever() returns once every order accepted so far is closed.
    void finish();

private:
    OrderGround ground_;
    JoinableRun under_way_;
    OrderIntake intake_{ground_, under_way_};
    OrderExecution execution_{ground_, under_way_, [this](const CheckName& check) { drifts_.forget(check); }};
    HeldOrders held_{ground_, execution_};
    std::deque<AdmittedOrder> accepted_;
    DriftHealing drifts_{ground_, execution_, accepted_};
    Wake wake_;
    bool finishing_{false};
};

}  // namespace agent
