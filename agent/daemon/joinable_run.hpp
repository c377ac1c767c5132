#pragma once
// Orders and drifts agree on one run: an order for what a drift's run is doing joins that run, and ends with it.
#include <optional>
#include <vector>

#include "healing/runbook.hpp"
#include "model/order.hpp"

namespace agent {

class JoinableRun {
public:
    // The run of a drift, with complete parameters, from when it waits for its turn until end(). One at a time.
    void begin(const Runbook& runbook, Value params);
    // It has its turn: orders that join are carried out from now on.
    void start() noexcept { started_ = true; }
    [[nodiscard]] bool has_started() const noexcept { return started_; }
    // Whether `order`, for `runbook` with these complete parameters, asks for nothing but that very run. One that
    // quotes a plan does not: it wants the host as it was planned.
    [[nodiscard]] bool is_what_it_asks_for(const OrderPayload& order, const Runbook& runbook,
                                           const Value& params) const;
    void join(AdmittedOrder order) { joined_.push_back(std::move(order)); }
    [[nodiscard]] const std::vector<AdmittedOrder>& joined() const noexcept { return joined_; }
    // Nobody joins it any more. Gives those who did.
    [[nodiscard]] std::vector<AdmittedOrder> end();

private:
    struct Work {
        std::string runbook_sha256;  // of its bytes: a reload may have brought another under the same id
        RunbookId runbook;
        Value params;
    };
    std::optional<Work> work_;
    bool started_{false};
    std::vector<AdmittedOrder> joined_;
};

}  // namespace agent
