#pragma once
// What the rooms of the order desk stand on.
#include <functional>
#include <memory>
#include <optional>

#include "async/time_source.hpp"
#include "daemon/loaded_agent.hpp"
#include "daemon/order_clock.hpp"
#include "daemon/state_guard.hpp"
#include "evidence/recorder.hpp"
#include "healing/engine.hpp"
#include "healing/policy.hpp"

namespace agent {

struct OrderDeskParts {
    StateStore& store;
    StateGuard& guard;
    TimeSource& time;
    Recorder& recorder;
    HealingEngine& engine;
    OrderClock& clock;
    std::function<void()> evidence_written;
    // For the run of that number in the journal.
    std::function<std::unique_ptr<Confirmation>(std::int64_t)> confirmation;
    // An `apply` order begins to be carried out; nothing: it has ended.
    std::function<void(std::optional<OrderId>)> executing;
};

struct OrderGround {
    OrderDeskParts parts;
    // A reload puts another in its place: whoever awaits keeps a copy of the pointer.
    std::shared_ptr<const LoadedAgent> loaded;

    // Local policy: nothing, or why `runbook` must wait.
    [[nodiscard]] Result<std::optional<Deferral>> judge(const Runbook& runbook) const;
    // Of an order that would join a run of `runbook` under way: that run is counted already.
    [[nodiscard]] Result<std::optional<Deferral>> judge_joining(const Runbook& runbook) const;
    // Gate 15. A plan that cannot be made is not the one that was quoted.
    [[nodiscard]] asio::awaitable<GateEntry> judge_plan_now(const OrderPayload& payload, const Runbook& runbook,
                                                            const Value& params) const;
    // In the transaction that starts a run, of an order or of a drift: the journal has it, cooldown and daily budget
    // count it. Gives its number in the journal; nothing where the runbook changes nothing.
    [[nodiscard]] Result<std::optional<std::int64_t>> begin_run(Transaction& transaction, const Runbook& runbook,
                                                                const std::optional<OrderId>& order,
                                                                WallTime now) const;

private:
    [[nodiscard]] Result<PolicyFacts> facts_of(const Runbook& runbook) const;
};

}  // namespace agent
