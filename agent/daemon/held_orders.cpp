#include "daemon/held_orders.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "daemon/order_drafts.hpp"

namespace agent {

Task<> HeldOrders::look_at_all() {
    next_look_ = longest_nap;  // where they cannot be read
    AGENT_CO_TRY(auto held, ground_.parts.store.orders().deferred());
    next_look_ = std::chrono::hours{24};
    for (auto& each : held) {
        const auto id = each.order.payload().order_id.str();
        auto looked = co_await look_at(std::move(each));
        if (looked.has_value()) continue;
        if (looked.error().code() == Errc::cancelled || ground_.parts.guard.damaged()) co_return looked;
        log_error("a held order could not be looked at: " + looked.error().message(), {{"order", id}});
        note_next_look(longest_nap);
    }
    co_return ok();
}

Task<> HeldOrders::look_at(OpenOrder held) {
    const auto& parts = ground_.parts;
    const auto loaded = ground_.loaded;
    const auto& payload = held.order.payload();
    const auto* runbook = loaded->runbooks.find(payload.runbook_id);
    const auto now = parts.time.wall_now();
    if (parts.clock.now() >= payload.expires_at())
        co_return execution_.close(held.order, draft_of_expiry(held, runbook, now));
    note_next_look(payload.expires_at() - parts.clock.now());
    if (runbook == nullptr) co_return ok();  // may come back with a reload while the order lives
    AGENT_CO_TRY(const auto deferral, ground_.judge(*runbook));
    if (deferral) {
        if (deferral->not_before) note_next_look(*deferral->not_before - now);
        co_return ok();
    }
    const auto params = runbook->parameters.check(payload.params);
    if (params.has_error()) {
        auto draft = order_draft(now);
        draft.started = held.accepted_at;
        name_runbook(draft, *runbook);
        GateEntry verdict{Gate::bad_params, Verdict::refuse, params.error().message()};
        co_return execution_.close(held.order, refused_late(std::move(draft), held.order, std::move(verdict)));
    }
    AGENT_CO_TRY(start(payload.order_id, *runbook));
    log_info("held order starts", {{"order", payload.order_id.str()}, {"runbook", runbook->id.str()}});
    auto done = co_await execution_.carry_out(std::move(held.order));
    co_return done;
}

Result<> HeldOrders::start(const OrderId& id, const Runbook& runbook) {
    const auto& parts = ground_.parts;
    const auto now = parts.time.wall_now();
    return parts.guard.commit([&](Transaction& transaction) -> Result<> {
        AGENT_TRY(parts.store.orders().start(transaction, id, now));
        AGENT_TRY(ground_.begin_run(transaction, runbook, id, now));
        return ok();
    });
}

void HeldOrders::note_next_look(Duration in) {
    constexpr Duration shortest_nap{100};
    next_look_ = std::min(next_look_, std::clamp(in, shortest_nap, longest_nap));
}

}  // namespace agent
