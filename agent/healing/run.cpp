#include "healing/run.hpp"

#include <algorithm>

#include "healing/planning.hpp"

namespace agent {
namespace {

std::string label_of(const PlanStep& step) { return "step " + std::to_string(step.step) + " (" + step.action + ')'; }

double seconds_between(MonoTime start, MonoTime end) { return std::chrono::duration<double>{end - start}.count(); }

Value entry_of(const PlanStep& step, Value state) {
    return Value::object({{"step", step.step}, {"action", step.action}, {"state", std::move(state)}});
}

Value facts_of(const CheckReport& report) {
    return Value::object({{"result", to_string(report.result)}, {"reason", report.reason}, {"facts", report.facts}});
}

}  // namespace

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
    for (const auto& step : steps) list.push_back(entry_of(step, step.current));
    return Value::object({{"steps", std::move(list)}});
}

Outcome outcome_of(const RunEnd& end) noexcept {
    if (end.steps_done && end.verified) return Outcome::success;
    return end.undone && !end.left_changed ? Outcome::reverted : Outcome::failed;
}

Run::Run(const ActionTools& tools, const Runbook& runbook, Value params)
    : tools_{tools},
      runbook_{runbook},
      params_{std::move(params)},
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

    const bool touched = std::ranges::any_of(steps_, [](const Step& step) { return step.touched; });
    auto left = co_await roll_back();
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
    for (auto& step : planned.value()) steps_.push_back({step, step.current, false, std::nullopt});
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
        auto performed = co_await action.perform(tools_, params_);

        StepOutcome outcome;
        if (performed.has_value()) {
            outcome = std::move(performed).value();
            step.after = std::move(outcome.state);
            // What a step that changes nothing saw was so before it, too.
            if (!action.changes_host()) step.before.current = step.after;
        } else {
            outcome.why = performed.error().message();
        }
        step.touched = outcome.touched;
        step.undo = std::move(outcome.undo);
        auto& taken = outcome.taken;
        taken.step = step.before.step;
        taken.action = action.name();
        taken.duration_sec = seconds_between(started, tools_.time.mono_now());
        taken.result = "failed";
        if (outcome.succeeded) taken.result = action.changes_host() && !outcome.touched ? "unchanged" : "done";
        if (!outcome.succeeded && taken.output_head.empty()) taken.output_head = outcome.why;
        draft_.action_taken.push_back(std::move(taken));
        if (!outcome.succeeded) co_return Error{Errc::refused, label_of(step.before) + " failed: " + outcome.why};
    }
    co_return ok();
}

Task<CheckReport> Run::look_at_check() {
    const std::string context = "running the check " + runbook_.repairs->str() + ", which this runbook repairs";
    std::vector<CheckName> names{*runbook_.repairs};
    auto reports = co_await tools_.run_checks(std::move(names));
    if (reports.has_error()) co_return std::move(reports).error().in_context(context);
    if (reports.value().size() != 1) co_return Error{Errc::not_found, context + ": it gave no result"};
    co_return std::move(reports.value().front());
}

Task<> Run::verify() {
    if (!runbook_.repairs) co_return ok();
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

asio::awaitable<std::vector<std::string>> Run::roll_back() {
    std::vector<std::string> left;
    for (auto position = steps_.rbegin(); position != steps_.rend(); ++position) {
        auto& step = *position;
        if (!step.touched) continue;
        if (!step.undo) {
            left.push_back(label_of(step.before) + " cannot be undone");
            continue;
        }
        const auto started = tools_.time.mono_now();
        auto undone = co_await undo(step);
        ActionTaken taken;
        taken.step = step.before.step;
        taken.action = step.before.action;
        taken.duration_sec = seconds_between(started, tools_.time.mono_now());
        taken.result = undone.has_value() ? "undone" : "undo failed";
        taken.output_head = step.undo->what;
        if (undone.has_error()) {
            taken.output_head += ": " + undone.error().message();
            left.push_back(label_of(step.before) + " could not be undone, look at it: " + taken.output_head);
        }
        draft_.action_taken.push_back(std::move(taken));
    }
    co_return left;
}

// An undo that says it is done is not believed: what the step found before must be found again.
Task<> Run::undo(Step& step) {
    auto carried_out = co_await step.undo->carry_out();
    if (carried_out.has_error()) co_return std::move(carried_out).error();
    auto& action = *runbook_.steps[static_cast<std::size_t>(step.before.step) - 1];
    auto again = co_await action.plan(tools_, params_);
    if (again.has_error()) co_return std::move(again).error().in_context("looking at it afterwards");
    step.after = std::move(again.value().current);
    if (step.after == step.before.current) co_return ok();
    co_return Error{Errc::refused, "it is not as it was before"};
}

Value Run::steps_state(bool after) const {
    Value::Array list;
    for (const auto& step : steps_) list.push_back(entry_of(step.before, after ? step.after : step.before.current));
    return Value::object({{"steps", std::move(list)}});
}

void Run::close(const RunEnd& end, std::string error) {
    draft_.ended = tools_.time.wall_now();
    draft_.outcome = outcome_of(end);
    if (!error.empty()) draft_.error = std::move(error);
    draft_.pre_state = steps_state(false);
    draft_.post_state = steps_state(true);
    if (!check_before_) return;

    const auto& before = *check_before_;
    const auto& last = check_after_ ? *check_after_ : before;
    const bool touched = std::ranges::any_of(steps_, [](const Step& step) { return step.touched; });
    // Measurements move by themselves; where nothing was changed, nothing is said to have changed.
    const bool same = !touched && last.result == before.result && last.state == before.state;
    draft_.pre_state.set("check", facts_of(before));
    draft_.post_state.set("check", facts_of(same ? before : last));
    draft_.result = last.result;
    draft_.severity = before.severity.value_or(runbook_.severity);
    if (draft_.controls == Controls{}) draft_.controls = before.controls;
}

}  // namespace agent
