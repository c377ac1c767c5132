#include "healing/run.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "healing/ask_check.hpp"
#include "healing/planning.hpp"
#include "healing/roll_back.hpp"
#include "healing/telling.hpp"

namespace agent {

EvidenceDraft blank_draft(const Runbook& runbook, WallTime now) {
    EvidenceDraft draft;
    draft.started = now;
    draft.ended = now;
    if (runbook.repairs) draft.check = runbook.repairs->str();
    draft.severity = runbook.severity;
    draft.controls = runbook.controls;
    draft.rollback_available = runbook.can_roll_back();
    draft.runbook_id = runbook.id;
    draft.runbook_sha256 = runbook.sha256;
    return draft;
}

Value state_of(const std::vector<PlanStep>& steps) {
    Value::Array list;
    for (const auto& step : steps) list.push_back(state_of_step(step.step, step.action, step.current));
    return Value::object({{"steps", std::move(list)}});
}

Outcome outcome_of(const RunEnd& end) noexcept {
    if (end.steps_done && end.verified) return Outcome::success;
    return end.undone && !end.left_changed ? Outcome::reverted : Outcome::failed;
}

Run::Run(const ActionTools& tools, const Runbook& runbook, Value params, RunJournal& journal)
    : tools_{tools},
      runbook_{runbook},
      params_{std::move(params)},
      journal_{journal},
      draft_{blank_draft(runbook, tools.time.wall_now())} {}

asio::awaitable<EvidenceDraft> Run::carry_out() {
    RunEnd end;
    auto looked = co_await look_before();
    if (looked.has_error()) {
        close(end, "nothing was changed: " + looked.error().message());
        co_return std::move(draft_);
    }

    std::string error;
    auto taken = co_await take_steps();
    end.steps_done = taken.has_value();
    if (taken.has_error()) error = taken.error().message();
    if (end.steps_done) {
        auto verified = co_await verify();
        end.verified = verified.has_value();
        if (verified.has_error()) error = verified.error().message();
    }
    if (end.steps_done && end.verified) {
        close(end, {});
        co_return std::move(draft_);
    }

    const bool touched = has_touched();
    auto left = co_await put_back();
    end.left_changed = !left.empty();
    end.undone = std::ranges::any_of(draft_.action_taken, [](const auto& step) { return step.result == "undone"; });
    if (!touched) error += "; nothing had been changed";
    if (touched && left.empty()) error += "; everything that was changed has been put back";
    for (const auto& sentence : left) error += "; " + sentence;
    if (touched && runbook_.repairs) {
        auto report = co_await look_at_check();
        if (report.has_value()) check_after_ = std::move(report).value();
    }
    close(end, std::move(error));
    co_return std::move(draft_);
}

Task<> Run::look_before() {
    auto planned = co_await plan_steps(tools_, runbook_, params_);
    if (planned.has_error()) co_return std::move(planned).error();
    for (auto& step : planned.value()) steps_.push_back({step, step.current, std::nullopt, false});
    if (!runbook_.repairs) co_return ok();
    auto report = co_await look_at_check();
    if (report.has_error()) co_return std::move(report).error();
    check_before_ = std::move(report).value();
    co_return ok();
}

Task<> Run::take_steps() {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        auto& step = steps_[i];
        auto& action = *runbook_.steps[i];
        const auto started = tools_.time.mono_now();
        auto taken = co_await take(step, action);
        StepOutcome outcome;
        if (taken.has_value())
            outcome = std::move(taken).value();
        else
            outcome.why = taken.error().message();
        const bool succeeded = outcome.succeeded;
        const auto why = outcome.why;
        tell(step, action, std::move(outcome), seconds_between(started, tools_.time.mono_now()));
        if (!succeeded)
            co_return Error{Errc::refused, label_of_step(step.before.step, step.before.action) + " failed: " + why};
    }
    co_return ok();
}

Task<StepOutcome> Run::take(Step& step, Action& action) {
    if (action.changes_host()) co_return co_await change_host(step, action);
    auto performed = co_await action.perform(tools_, params_, std::nullopt);
    AGENT_CO_TRY(auto outcome, std::move(performed));
    step.after = outcome.state;
    step.before.current = outcome.state;  // what a step that changes nothing saw was so before it, too
    co_return outcome;
}

// Looked at once more, since earlier steps may have changed it; written down; and only then done.
Task<StepOutcome> Run::change_host(Step& step, Action& action) {
    auto planned = co_await action.plan(tools_, params_);
    AGENT_CO_TRY(auto now, std::move(planned));
    if (now.current == now.desired) {
        StepOutcome nothing_to_do;
        nothing_to_do.succeeded = true;
        step.after = now.current;
        co_return nothing_to_do;
    }
    auto saving = co_await action.save(tools_, params_);
    AGENT_CO_TRY(auto saved, std::move(saving));
    BegunStep begun{step.before.step, step.before.action, std::move(now.current), std::move(saved)};
    AGENT_CO_TRY(in_context(journal_.begin_step(begun), "not begun, since it could not be written down"));
    if (!draft_.rollback_generation) draft_.rollback_generation = rollback_generation_of({begun});
    step.begun = std::move(begun);
    auto performed = co_await action.perform(tools_, params_, step.begun->saved);
    AGENT_CO_TRY(auto outcome, std::move(performed));
    step.after = outcome.state;
    step.touched = outcome.touched;
    co_return outcome;
}

void Run::tell(Step& step, const Action& action, StepOutcome outcome, double seconds) {
    auto& taken = outcome.taken;
    taken.step = step.before.step;
    taken.action = action.name();
    taken.duration_sec = seconds;
    taken.result = "failed";
    if (outcome.succeeded) taken.result = action.changes_host() && !step.touched ? "unchanged" : "done";
    if (!outcome.succeeded && taken.output_head.empty()) taken.output_head = outcome.why;
    draft_.action_taken.push_back(std::move(taken));
}

// How the agent finds the run after a crash. Where it cannot be written, the run goes on: what recovery makes of the
// state before is sound, too.
void Run::enter(RunState state) {
    const bool is_written_down = std::ranges::any_of(steps_, [](const Step& step) { return step.begun.has_value(); });
    if (!is_written_down) return;
    const auto entered = journal_.enter(state);
    if (entered.has_error())
        log_warning("the healing journal could not be written: " + entered.error().message(),
                    {{"runbook", runbook_.id.str()}});
}

bool Run::has_touched() const {
    return std::ranges::any_of(steps_, [](const Step& step) { return step.touched; });
}

Task<CheckReport> Run::look_at_check() {
    const std::string context = "running the check " + runbook_.repairs->str() + ", which this runbook repairs";
    auto asked = co_await ask_check(tools_, *runbook_.repairs);
    co_return in_context(std::move(asked), context);
}

Task<> Run::verify() {
    if (!runbook_.repairs) co_return ok();
    enter(RunState::verifying);
    auto report = co_await look_at_check();
    if (report.has_error())
        co_return std::move(report).error().in_context("the steps were carried out, but not proved");
    check_after_ = std::move(report).value();
    if (is_fine(check_after_->result)) co_return ok();
    std::string why = "the steps were carried out, but the check " + runbook_.repairs->str() + " still says " +
                      std::string{to_string(check_after_->result)};
    if (!check_after_->reason.empty()) why += ": " + check_after_->reason;
    co_return Error{Errc::refused, std::move(why)};
}

asio::awaitable<std::vector<std::string>> Run::put_back() {
    std::vector<BegunStep> touched;
    for (const auto& step : steps_)
        if (step.touched) touched.push_back(*step.begun);
    if (touched.empty()) co_return std::vector<std::string>{};
    enter(RunState::rolling_back);
    auto all = co_await roll_back(tools_, std::move(touched));
    for (auto& [number, state] : all.states) steps_[static_cast<std::size_t>(number) - 1].after = std::move(state);
    for (auto& taken : all.taken) draft_.action_taken.push_back(std::move(taken));
    co_return std::move(all.left);
}

Value Run::steps_state(bool after) const {
    Value::Array list;
    for (const auto& step : steps_)
        list.push_back(state_of_step(step.before.step, step.before.action, after ? step.after : step.before.current));
    return Value::object({{"steps", std::move(list)}});
}

void Run::close(const RunEnd& end, std::string error) {
    draft_.ended = tools_.time.wall_now();
    draft_.outcome = outcome_of(end);
    if (!error.empty()) draft_.error = std::move(error);
    draft_.pre_state = steps_state(false);
    draft_.post_state = steps_state(true);
    if (check_before_) tell_check();
    if (end.left_changed) draft_.severity = Severity::critical;
}

void Run::tell_check() {
    const auto& before = *check_before_;
    const auto& last = check_after_ ? *check_after_ : before;
    const bool touched = has_touched();
    // Measurements move by themselves; where nothing was changed, nothing is said to have changed.
    const bool same = !touched && last.result == before.result && last.state == before.state;
    draft_.pre_state.set("check", state_of_check(before));
    draft_.post_state.set("check", state_of_check(same ? before : last));
    draft_.result = last.result;
    draft_.severity = before.severity.value_or(runbook_.severity);
    if (draft_.controls == Controls{}) draft_.controls = before.controls;
}

}  // namespace agent
