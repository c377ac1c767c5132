#include "healing/engine.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/text.hpp"
#include "healing/planning.hpp"
#include "healing/recovery.hpp"
#include "healing/run.hpp"

namespace agent {
namespace {

EvidenceDraft failed_draft(const Runbook& runbook, WallTime now, std::string error) {
    auto draft = blank_draft(runbook, now);
    draft.outcome = Outcome::failed;
    draft.error = std::move(error);
    return draft;
}

Trigger trigger_of(const Mandate& mandate) {
    const auto* const* local = std::get_if<const LocalMandate*>(&mandate);
    return local != nullptr ? (*local)->trigger : Trigger::order;
}

}  // namespace

Task<Plan> HealingEngine::plan(const Runbook& runbook, const Value& params) {
    AGENT_CO_TRY(const auto complete, runbook.parameters.check(params));
    Plan plan;
    const auto baseline = tools_.baseline();
    AGENT_CO_TRY(const auto values, known_values(runbook, complete, *baseline));
    AGENT_CO_TRY(const auto rollback, fill_rollback(runbook, values));
    auto steps = co_await plan_steps(tools_, runbook, values);
    if (steps.has_error()) co_return std::move(steps).error();
    plan.steps = std::move(steps).value();
    plan.sha256 = plan_digest(runbook, values, plan.steps, rollback);
    co_return plan;
}

asio::awaitable<EvidenceDraft> HealingEngine::describe(const Runbook& runbook, const Value& params) {
    const auto started = tools_.time.wall_now();
    auto planned = co_await plan(runbook, params);
    if (planned.has_error())
        co_return failed_draft(runbook, started, "no plan could be made: " + planned.error().message());
    auto draft = blank_draft(runbook, started);
    draft.pre_state = state_of(planned.value().steps);
    draft.post_state = draft.pre_state;
    draft.plan = std::move(planned).value();
    draft.ended = tools_.time.wall_now();
    co_return draft;
}

asio::awaitable<EvidenceDraft> HealingEngine::apply(const Runbook& runbook, Mandate mandate, RunJournal& journal,
                                                    Confirmation& confirmation) {
    const auto trigger = trigger_of(mandate);
    const auto* const* order = std::get_if<const AdmittedOrder*>(&mandate);
    if (order != nullptr && (*order)->payload().runbook_id != runbook.id)
        co_return failed_draft(
            runbook, tools_.time.wall_now(),
            "nothing was changed: the order is for the runbook " + (*order)->payload().runbook_id.str());
    const Value& params =
        order != nullptr ? (*order)->payload().params : std::get<const LocalMandate*>(mandate)->params;

    auto work = carry_out(runbook, params, journal, confirmation);
    auto draft = co_await unstoppable(std::move(work));
    draft.trigger = trigger;
    co_return draft;
}

asio::awaitable<EvidenceDraft> HealingEngine::finish(const OpenRun& run, const Runbook* runbook, RunJournal& journal) {
    auto work = finish_interrupted(tools_, run, runbook, journal);
    auto draft = co_await unstoppable(std::move(work));
    co_return draft;
}

// A coroutine of its own with an empty slot: stopping the caller must not stop a change half-way, nor its rollback.
asio::awaitable<EvidenceDraft> HealingEngine::unstoppable(asio::awaitable<EvidenceDraft> work) {
    const auto executor = co_await asio::this_coro::executor;
    auto apart = asio::bind_cancellation_slot(asio::cancellation_slot{}, asio::use_awaitable);
    auto draft = co_await asio::co_spawn(executor, std::move(work), std::move(apart));
    co_return draft;
}

asio::awaitable<EvidenceDraft> HealingEngine::carry_out(const Runbook& runbook, Value params, RunJournal& journal,
                                                        Confirmation& confirmation) {
    auto complete = runbook.parameters.check(params);
    if (complete.has_error())
        co_return failed_draft(runbook, tools_.time.wall_now(), "nothing was changed: " + complete.error().message());
    Run run{tools_, runbook, std::move(complete).value(), journal, confirmation, progress_};
    auto draft = co_await run.carry_out();
    co_return draft;
}

}  // namespace agent
