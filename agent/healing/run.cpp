#include "healing/run.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "healing/ask_check.hpp"
#include "healing/planning.hpp"
#include "healing/roll_back.hpp"
#include "healing/step_output.hpp"
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
    if (end.left_changed) return Outcome::failed;
    if (end.undone) return Outcome::reverted;
    if (end.steps_done && end.alerted) return Outcome::alert;
    return end.steps_done && end.verified ? Outcome::success : Outcome::failed;
}

Run::Run(const ActionTools& tools, const Runbook& runbook, Value params, RunJournal& journal,
         Confirmation& confirmation, RunProgress& progress)
    : tools_{tools},
      runbook_{runbook},
      params_{std::move(params)},
      journal_{journal},
      confirmation_{confirmation},
      progress_{progress},
      secrets_{KnownSecrets::named_by(*tools.baseline())},
      draft_{blank_draft(runbook, tools.time.wall_now())} {}

asio::awaitable<EvidenceDraft> Run::carry_out() {
    RunEnd end;
    auto looked = co_await look_before();
    if (looked.has_error()) {
        close(end, "nothing was changed: " + looked.error().message());
        co_return std::move(draft_);
    }

    auto proved = co_await carry_out_and_prove(end);
    std::string error;
    if (proved.has_error()) error = proved.error().message();
    end.alerted = !alert_.empty();
    const bool touched = has_touched();
    // Whoever only calls for a person claims no repair: what the check says is in the evidence, and nothing is undone.
    if (end.steps_done && (end.verified || (end.alerted && !touched))) {
        co_await disarm();
        if (end.alerted && !error.empty()) error = "; " + error;
        close(end, alert_ + error);
        co_return std::move(draft_);
    }

    auto left = co_await put_back();
    co_await disarm();
    end.left_changed = !left.empty();
    end.undone = touched && left.empty();
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

Task<> Run::carry_out_and_prove(RunEnd& end) {
    auto taken = co_await take_steps();
    AGENT_CO_TRY(std::move(taken));
    end.steps_done = true;
    auto verified = co_await verify();
    AGENT_CO_TRY(in_context(std::move(verified), "the steps were carried out, but not proved"));
    auto confirmed = co_await confirm();
    AGENT_CO_TRY(in_context(std::move(confirmed), "the steps were carried out and proved, but not confirmed"));
    end.verified = true;
    co_return ok();
}

Task<> Run::look_before() {
    auto looks = event(RunMoment::looking);
    looks.checks = runbook_.preconditions;
    if (runbook_.repairs) looks.checks.push_back(*runbook_.repairs);
    progress_.tell(looks);
    auto wanted = co_await want_fine(tools_, runbook_.preconditions);
    AGENT_CO_TRY(in_context(std::move(wanted), "a precondition is not met"));
    const auto baseline = tools_.baseline();
    AGENT_CO_TRY(params_, known_values(runbook_, std::move(params_), *baseline));
    AGENT_CO_TRY(rollback_, fill_rollback(runbook_, params_));
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
        if (confirm_by_ && started >= *confirm_by_)
            co_return Error{Errc::timed_out, "the time to confirm the change was over before " +
                                                 label_of_step(step.before.step, step.before.action)};
        auto begins = event(RunMoment::step_begins);
        begins.step = step.before.step;
        begins.action = step.before.action;
        progress_.tell(begins);
        auto taken = co_await take(step, action);
        StepOutcome outcome;
        if (taken.has_value())
            outcome = std::move(taken).value();
        else
            outcome.why = taken.error().message();
        if (outcome.printed) params_.set(output_of_step(step.before.step), usable_output(*outcome.printed, secrets_));
        secrets_.mask_in(outcome);
        if (!outcome.alert.empty()) alert_ += (alert_.empty() ? "" : "; ") + outcome.alert;
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
    if (step.before.current.is_null()) step.before.current = now.current;  // it could not be looked at before
    if (now.current == now.desired) {
        StepOutcome nothing_to_do;
        nothing_to_do.succeeded = true;
        step.after = now.current;
        co_return nothing_to_do;
    }
    auto saving = co_await action.save(tools_, params_);
    AGENT_CO_TRY(auto saved, std::move(saving));
    if (!has_begun() && !rollback_.empty()) {
        AGENT_CO_TRY(in_context(journal_.keep_rollback(rollback_), "not begun, since it could not be written down"));
    }
    auto armed = co_await arm();
    AGENT_CO_TRY(std::move(armed));
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

// Before the first change, so that none is ever without it.
Task<> Run::arm() {
    if (!runbook_.confirm_within || confirm_by_) co_return ok();
    const auto end = tools_.time.mono_now() + *runbook_.confirm_within;
    auto armed = co_await confirmation_.arm(*runbook_.confirm_within);
    AGENT_CO_TRY(in_context(std::move(armed), "not begun, since nothing would undo it if it cut this host off"));
    confirm_by_ = end;
    co_return ok();
}

void Run::tell(Step& step, const Action& action, StepOutcome outcome, double seconds) {
    auto& taken = outcome.taken;
    taken.step = step.before.step;
    taken.action = action.name();
    taken.duration_sec = seconds;
    taken.result = "failed";
    const bool same = !step.begun || (!step.touched && step.after == step.before.current);
    if (outcome.succeeded) taken.result = action.changes_host() && same ? "unchanged" : "done";
    if (!outcome.succeeded && taken.output_head.empty()) taken.output_head = outcome.why;
    if (step.begun) {
        step.begun->ended = EndedStep{taken, step.touched, step.after};
        go_on_after(journal_.end_step(*step.begun->ended));
    }
    tell_ended(taken);
    draft_.action_taken.push_back(std::move(taken));
}

RunEvent Run::event(RunMoment moment) const {
    RunEvent event;
    event.moment = moment;
    event.runbook = runbook_.id;
    event.steps = static_cast<std::int64_t>(steps_.size());
    return event;
}

void Run::tell_ended(const ActionTaken& taken) {
    auto ended = event(RunMoment::step_ended);
    ended.step = taken.step;
    if (taken.step > ended.steps) ended.steps += static_cast<std::int64_t>(rollback_.size());
    ended.action = taken.action;
    ended.result = taken.result;
    ended.seconds = taken.duration_sec;
    progress_.tell(ended);
}

// How the agent finds the run after a crash.
void Run::enter(RunState state) {
    if (has_begun()) go_on_after(journal_.enter(state));
}

// Where it could not be written: what recovery makes of what stood there before is sound, too.
void Run::go_on_after(const Result<>& written) const {
    if (written.has_error())
        log_warning("the healing journal could not be written: " + written.error().message(),
                    {{"runbook", runbook_.id.str()}});
}

bool Run::has_begun() const {
    return std::ranges::any_of(steps_, [](const Step& step) { return step.begun.has_value(); });
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
    if (runbook_.repairs || !runbook_.verify.empty()) {
        enter(RunState::verifying);
        auto proves = event(RunMoment::verifying);
        proves.checks = runbook_.verify;
        if (runbook_.repairs) proves.checks.insert(proves.checks.begin(), *runbook_.repairs);
        progress_.tell(proves);
    }
    if (runbook_.repairs) {
        auto report = co_await look_at_check();
        AGENT_CO_TRY(check_after_, std::move(report));
        if (!is_fine(check_after_->result)) co_return Error{Errc::refused, words_of(*check_after_)};
    }
    auto wanted = co_await want_fine(tools_, runbook_.verify);
    co_return wanted;
}

Task<> Run::confirm() {
    if (!confirm_by_) co_return ok();
    if (tools_.time.mono_now() >= *confirm_by_) co_return Error{Errc::timed_out, "the time for it was over"};
    AGENT_CO_TRY(journal_.enter(RunState::confirming));
    auto waits = event(RunMoment::confirming);
    waits.within = *confirm_by_ - tools_.time.mono_now();
    progress_.tell(waits);
    auto reached = co_await confirmation_.reach_server(*confirm_by_);
    AGENT_CO_TRY(std::move(reached));
    AGENT_CO_TRY(confirmed_, journal_.confirm());
    if (!confirmed_) co_return Error{Errc::timed_out, "its timer came first and puts everything back"};
    progress_.tell(event(RunMoment::confirmed));
    co_return ok();
}

asio::awaitable<void> Run::disarm() {
    if (!confirm_by_) co_return;
    auto disarmed = co_await confirmation_.disarm();
    if (disarmed.has_error())
        log_warning("the timer of a change could not be stopped; it will find nothing to do: " +
                    disarmed.error().message());
}

asio::awaitable<std::vector<std::string>> Run::put_back() {
    if (!has_touched()) co_return std::vector<std::string>{};
    std::vector<BegunStep> begun;
    for (const auto& step : steps_)
        if (step.begun) begun.push_back(*step.begun);
    enter(RunState::rolling_back);
    progress_.tell(event(RunMoment::putting_back));
    auto all = co_await roll_back(tools_, std::move(begun), rollback_);
    for (auto& [number, state] : all.states) steps_[static_cast<std::size_t>(number) - 1].after = std::move(state);
    for (const auto& taken : all.taken) tell_ended(taken);
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
    if (confirm_by_)
        draft_.post_state.set("confirmation", Value::object({{"within", describe_duration(*runbook_.confirm_within)},
                                                             {"confirmed", confirmed_}}));
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
