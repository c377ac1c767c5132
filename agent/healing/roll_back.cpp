#include "healing/roll_back.hpp"

#include "healing/actions.hpp"
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

}  // namespace

asio::awaitable<RolledBack> roll_back(const ActionTools& tools, std::vector<BegunStep> steps) {
    RolledBack all;
    for (auto position = steps.rbegin(); position != steps.rend(); ++position) {
        const auto& step = *position;
        if (!step.may_have_touched()) continue;
        const auto label = label_of_step(step.step, step.action);
        const auto* how = find_undo(step.action);
        if (how == nullptr || !step.saved) {
            all.left.push_back(label + " cannot be undone");
            continue;
        }
        const auto started = tools.time.mono_now();
        auto undone = co_await undo(tools, *how, step);
        ActionTaken taken;
        taken.step = step.step;
        taken.action = step.action;
        taken.duration_sec = seconds_between(started, tools.time.mono_now());
        taken.result = undone.has_value() ? "undone" : "undo failed";
        taken.output_head = how->describe(*step.saved);
        if (undone.has_value()) {
            all.states.emplace(step.step, std::move(undone).value());
        } else {
            taken.output_head += ": " + undone.error().message();
            all.left.push_back(label + " could not be undone, look at it: " + taken.output_head);
        }
        all.taken.push_back(std::move(taken));
    }
    co_return all;
}

}  // namespace agent
