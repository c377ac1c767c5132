#include "daemon/order_execution.hpp"

#include <utility>

#include "base/log.hpp"
#include "daemon/order_drafts.hpp"

namespace agent {

Task<> OrderExecution::carry_out(AdmittedOrder order) {
    const auto loaded = ground_.loaded;
    auto draft = co_await run(*loaded, order);
    ground_.parts.executing(std::nullopt);
    co_return close_or_keep(std::move(order), std::move(draft));
}

asio::awaitable<EvidenceDraft> OrderExecution::run(const LoadedAgent& loaded, const AdmittedOrder& order) {
    const auto& payload = order.payload();
    const auto* runbook = loaded.runbooks.find(payload.runbook_id);
    auto draft = order_draft(ground_.parts.time.wall_now());
    if (runbook == nullptr)
        co_return failed_late(std::move(draft), "unknown_runbook: runbook " + payload.runbook_id.str() + " is not in " +
                                                    loaded.settings.healing.runbooks.string() + " any more");
    name_runbook(draft, *runbook);
    const auto params = runbook->parameters.check(payload.params);
    if (params.has_error())
        co_return failed_late(std::move(draft), "bad_params: the runbook was changed since the order was accepted: " +
                                                    params.error().message());
    if (payload.mode == OrderMode::plan) {
        draft = co_await ground_.parts.engine.describe(*runbook, params.value());
        co_return draft;
    }
    // Other orders may have run since this one was accepted.
    auto verdict = co_await ground_.judge_plan_now(payload, *runbook, params.value());
    if (verdict.verdict == Verdict::refuse) co_return refused_late(std::move(draft), order, std::move(verdict));
    ground_.parts.executing(payload.order_id);
    const Mandate mandate{&order};
    draft = co_await ground_.parts.engine.apply(*runbook, mandate);
    co_return draft;
}

Result<> OrderExecution::close(const AdmittedOrder& order, EvidenceDraft draft) {
    const auto& parts = ground_.parts;
    const auto& payload = order.payload();
    draft.trigger = Trigger::order;
    draft.order_id = payload.order_id;
    draft.runbook_id = payload.runbook_id;
    if (!draft.order) draft.order = evidence_of(order);
    AGENT_TRY(parts.guard.commit([&](Transaction& transaction) -> Result<> {
        AGENT_TRY(parts.recorder.record(transaction, draft));
        return parts.store.orders().close(transaction, payload.order_id, to_string(draft.outcome),
                                          parts.time.wall_now());
    }));
    const bool fine = draft.outcome == Outcome::success;
    log(fine ? LogLevel::info : LogLevel::warning,
        "order closed: " + std::string{to_string(draft.outcome)} + (draft.error ? ": " + *draft.error : ""),
        {{"order", payload.order_id.str()}, {"runbook", payload.runbook_id.str()}});
    parts.evidence_written();
    return ok();
}

Result<> OrderExecution::close_interrupted() {
    AGENT_TRY(const auto interrupted, ground_.parts.store.orders().interrupted());
    for (const auto& open : interrupted) {
        const auto* runbook = ground_.loaded->runbooks.find(open.order.payload().runbook_id);
        AGENT_TRY(close(open.order, draft_of_interruption(open, runbook, ground_.parts.time.wall_now())));
    }
    return ok();
}

Result<> OrderExecution::close_or_keep(AdmittedOrder order, EvidenceDraft draft) {
    auto closed = close(order, draft);
    if (closed.has_error()) unrecorded_.push_back({std::move(order), std::move(draft)});
    return closed;
}

// One that cannot be recorded stands in nobody's way.
void OrderExecution::record_what_was_kept() {
    for (auto kept = std::exchange(unrecorded_, {}); !kept.empty(); kept.pop_front()) {
        auto closed = close_or_keep(std::move(kept.front().order), std::move(kept.front().draft));
        if (closed.has_error()) log_error("evidence of an order could not be stored yet: " + closed.error().message());
    }
}

}  // namespace agent
