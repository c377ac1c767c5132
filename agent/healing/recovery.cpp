#include "healing/recovery.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "healing/ask_check.hpp"
#include "healing/roll_back.hpp"
#include "healing/run.hpp"
#include "healing/telling.hpp"

namespace agent {
namespace {

// In the other states every step was carried out.
bool may_be_amid_a_step(RunState state) {
    return state == RunState::stepping || state == RunState::rolling_back || state == RunState::unconfirmed;
}

// Of a step whose end could not be written no more is known than where the run stands.
ActionTaken taken_in(const OpenRun& run, const BegunStep& step) {
    if (step.ended) return step.ended->taken;
    const bool is_last = &step == &run.steps.back();
    ActionTaken taken;
    taken.step = step.step;
    taken.action = step.action;
    taken.result = is_last && may_be_amid_a_step(run.state) ? "interrupted" : "done";
    return taken;
}

EvidenceDraft draft_of(const OpenRun& run, const Runbook* runbook) {
    EvidenceDraft draft;
    draft.started = run.header.started;
    if (runbook != nullptr) draft = blank_draft(*runbook, run.header.started);
    draft.trigger = run.header.trigger;
    draft.runbook_id = run.header.runbook;
    draft.runbook_sha256 = run.header.runbook_sha256;
    draft.rollback_generation = rollback_generation_of(run.steps);
    Value::Array before;
    for (const auto& step : run.steps) {
        before.push_back(state_of_step(step.step, step.action, step.before));
        draft.action_taken.push_back(taken_in(run, step));
    }
    draft.pre_state = Value::object({{"steps", std::move(before)}});
    return draft;
}

std::string where(const OpenRun& run) {
    switch (run.state) {
        case RunState::stepping: {
            const auto& last = run.steps.back();
            return (last.ended ? "after " : "during ") + label_of_step(last.step, last.action);
        }
        case RunState::verifying: return "while it was verified";
        case RunState::rolling_back: return "while it was put back";
        case RunState::confirming: return "before the change was confirmed";
        case RunState::confirmed: return "after the change was confirmed";
        case RunState::unconfirmed:
            return "before the change was confirmed, and its timer began to put everything back";
    }
    return {};
}

Value state_after(const OpenRun& run, const RolledBack& all) {
    Value::Array after;
    for (const auto& step : run.steps) {
        auto state = step.ended ? step.ended->after : Value{};
        if (const auto found = all.states.find(step.step); found != all.states.end()) state = found->second;
        after.push_back(state_of_step(step.step, step.action, std::move(state)));
    }
    return Value::object({{"steps", std::move(after)}});
}

// Whether what was cut short while it was verified is fine; what would have been confirmed next is not.
asio::awaitable<bool> stands(const ActionTools& tools, const OpenRun& run, const Runbook* runbook) {
    if (run.state == RunState::confirmed) co_return true;
    if (run.state != RunState::verifying || runbook == nullptr || runbook->confirm_within) co_return false;
    auto wanted = runbook->verify;
    if (runbook->repairs) wanted.push_back(*runbook->repairs);
    auto fine = co_await want_fine(tools, std::move(wanted));
    co_return fine.has_value();
}

// Nothing where there is no check to ask, or it could not be asked.
asio::awaitable<std::optional<CheckReport>> look_at_check(const ActionTools& tools, const Runbook* runbook) {
    if (runbook == nullptr || !runbook->repairs) co_return std::nullopt;
    auto asked = co_await ask_check(tools, *runbook->repairs);
    if (asked.has_error()) co_return std::nullopt;
    co_return std::move(asked).value();
}

void tell_check(EvidenceDraft& draft, const std::optional<CheckReport>& report) {
    if (!report) return;
    draft.result = report->result;
    draft.post_state.set("check", state_of_check(*report));
}

}  // namespace

const Runbook* the_very_runbook(const RunbookCatalogue& runbooks, const RunHeader& header) noexcept {
    const auto* runbook = runbooks.find(header.runbook);
    return runbook != nullptr && runbook->sha256 == header.runbook_sha256 ? runbook : nullptr;
}

asio::awaitable<EvidenceDraft> finish_interrupted(const ActionTools& tools, const OpenRun& run, const Runbook* runbook,
                                                  RunJournal& journal) {
    auto draft = draft_of(run, runbook);
    draft.outcome = Outcome::failed;
    if (run.steps.empty()) {
        draft.post_state = draft.pre_state;
        draft.ended = tools.time.wall_now();
        draft.error = "interrupted: the agent stopped before anything was changed; it is not run again";
        co_return draft;
    }
    draft.error = "interrupted: the agent stopped " + where(run);
    auto settled = co_await tools.processes.settle();
    if (settled.has_error())
        log_warning("what a run that was cut short has started may still run: " + settled.error().message());
    const bool stays = co_await stands(tools, run, runbook);
    if (stays) {
        const auto report = co_await look_at_check(tools, runbook);
        draft.outcome = Outcome::success;
        draft.post_state = state_after(run, {});
        draft.error = *draft.error + "; all steps had been done";
        if (report) draft.error = *draft.error + ", and " + words_of(*report) + " now";
        tell_check(draft, report);
        draft.ended = tools.time.wall_now();
        co_return draft;
    }
    const auto entered = journal.enter(RunState::rolling_back);
    if (entered.has_error()) log_warning("the healing journal could not be written: " + entered.error().message());
    auto all = co_await roll_back(tools, run.steps, run.rollback);
    draft.post_state = state_after(run, all);
    for (auto& taken : all.taken) draft.action_taken.push_back(std::move(taken));
    const bool touched = std::ranges::any_of(run.steps, &BegunStep::may_have_touched);
    if (touched && all.left.empty()) draft.outcome = Outcome::reverted;
    if (!all.left.empty()) draft.severity = Severity::critical;
    for (const auto& sentence : all.left) draft.error = *draft.error + "; " + sentence;
    if (!touched) draft.error = *draft.error + "; nothing had been changed";
    if (touched && all.left.empty()) draft.error = *draft.error + "; everything that was changed has been put back";
    const auto report = co_await look_at_check(tools, runbook);
    tell_check(draft, report);
    draft.ended = tools.time.wall_now();
    co_return draft;
}

}  // namespace agent
