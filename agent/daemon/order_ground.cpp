#include "daemon/order_ground.hpp"

#include <utility>

namespace agent {

Result<std::optional<Deferral>> OrderGround::judge(const Runbook& runbook) const {
    AGENT_TRY(const auto facts, facts_of(runbook));
    return judge_policy(loaded->policy, facts);
}

Result<std::optional<Deferral>> OrderGround::judge_joining(const Runbook& runbook) const {
    AGENT_TRY(auto facts, facts_of(runbook));
    facts.joins_a_run = true;
    return judge_policy(loaded->policy, facts);
}

Result<PolicyFacts> OrderGround::facts_of(const Runbook& runbook) const {
    return policy_facts_of(runbook, &parts.store, parts.time.wall_now(), parts.clock.untrusted());
}

asio::awaitable<GateEntry> OrderGround::judge_plan_now(const OrderPayload& payload, const Runbook& runbook,
                                                       const Value& params) const {
    if (payload.mode != OrderMode::apply || !payload.plan_sha256) co_return judge_plan(payload, {});
    auto plan = co_await parts.engine.plan(runbook, params);
    if (plan.has_error()) {
        GateEntry entry{Gate::plan_changed, Verdict::refuse, "no plan can be made: " + plan.error().message()};
        co_return entry;
    }
    co_return judge_plan(payload, plan.value().sha256);
}

Result<std::optional<std::int64_t>> OrderGround::begin_run(Transaction& transaction, const Runbook& runbook,
                                                           const std::optional<OrderId>& order, WallTime now) const {
    if (!runbook.changes_host()) return std::optional<std::int64_t>{};
    const auto trigger = order ? Trigger::order : Trigger::change;
    AGENT_TRY(const auto number,
              parts.store.journal().begin(transaction, {runbook.id, runbook.sha256, trigger, order, now}));
    AGENT_TRY(parts.store.memory().remember_run(transaction, budget_key(runbook.id), now));
    return std::optional{number};
}

}  // namespace agent
