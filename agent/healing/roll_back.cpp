#include "healing/roll_back.hpp"

#include <algorithm>

#include "healing/actions.hpp"
#include "healing/known_secrets.hpp"
#include "healing/telling.hpp"

namespace agent {
namespace {

Task<Value> undo(const ActionTools& tools, const Undo& how, const BegunStep& step) {
    auto saved = *step.saved;
    auto carried_out = co_await how.carry_out(tools, std::move(saved));
    AGENT_CO_TRY(auto found, std::move(carried_out));
    if (found == step.before) co_return found;
    co_return Error{Errc::refused, "it is not as it was before"};
}

asio::awaitable<void> undo_and_tell(const ActionTools& tools, const Undo& how, const BegunStep& step, RolledBack& all) {
    const auto started = tools.time.mono_now();
    auto undone = co_await undo(tools, how, step);
    ActionTaken taken;
    taken.step = step.step;
    taken.action = step.action;
    taken.duration_sec = seconds_between(started, tools.time.mono_now());
    taken.result = undone.has_value() ? "undone" : "undo failed";
    taken.output_head = how.describe(*step.saved);
    if (undone.has_value()) {
        all.states.emplace(step.step, std::move(undone).value());
    } else {
        taken.output_head += ": " + undone.error().message();
        all.left.push_back(label_of_step(step.step, step.action) +
                           " could not be undone, look at it: " + taken.output_head);
    }
    all.taken.push_back(std::move(taken));
}

Task<StepOutcome> carry_out_from_data(const ActionTools& tools, const RollbackStep& step) {
    const auto how = find_carry_out(step.action);
    if (how == nullptr) co_return Error{Errc::corrupt, "no such step can be carried out from data"};
    auto data = step.data;
    auto carried_out = co_await how(tools, std::move(data));
    co_return carried_out;
}

asio::awaitable<void> take_back_and_tell(const ActionTools& tools, const KnownSecrets& secrets,
                                         const RollbackStep& step, RolledBack& all) {
    const auto started = tools.time.mono_now();
    auto carried_out = co_await carry_out_from_data(tools, step);
    StepOutcome outcome;
    if (carried_out.has_value())
        outcome = std::move(carried_out).value();
    else
        outcome.why = carried_out.error().message();
    secrets.mask_in(outcome);
    auto& taken = outcome.taken;
    taken.step = step.step;
    taken.action = step.action;
    taken.duration_sec = seconds_between(started, tools.time.mono_now());
    taken.result = outcome.succeeded ? "done" : "failed";
    if (!outcome.succeeded && taken.output_head.empty()) taken.output_head = outcome.why;
    if (!outcome.succeeded)
        all.left.push_back(label_of_step(step.step, step.action) +
                           " of the rollback failed, look at it: " + outcome.why);
    all.taken.push_back(std::move(taken));
}

// False where one of them failed.
asio::awaitable<bool> take_back(const ActionTools& tools, const std::vector<RollbackStep>& rollback, RolledBack& all) {
    if (rollback.empty()) co_return true;
    const auto secrets = KnownSecrets::named_by(*tools.baseline());
    const auto left_before = all.left.size();
    for (const auto& step : rollback) co_await take_back_and_tell(tools, secrets, step, all);
    co_return all.left.size() == left_before;
}

}  // namespace

asio::awaitable<RolledBack> roll_back(const ActionTools& tools, std::vector<BegunStep> steps,
                                      std::vector<RollbackStep> rollback) {
    RolledBack all;
    if (std::ranges::none_of(steps, &BegunStep::may_have_touched)) co_return all;
    std::vector<std::string> without_undo;
    for (auto position = steps.rbegin(); position != steps.rend(); ++position) {
        const auto& step = *position;
        if (!step.may_have_touched()) continue;
        const auto* how = find_undo(step.action);
        if (how == nullptr || !step.saved)
            without_undo.push_back(label_of_step(step.step, step.action));
        else
            co_await undo_and_tell(tools, *how, step, all);
    }
    const bool taken_back = co_await take_back(tools, rollback, all);
    for (const auto& label : without_undo) {
        if (rollback.empty()) all.left.push_back(label + " cannot be undone");
        if (!taken_back) all.left.push_back(label + " may not have been taken back");
    }
    co_return all;
}

}  // namespace agent
