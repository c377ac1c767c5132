#include "healing/planning.hpp"

#include "codec/json.hpp"
#include "crypto/digest.hpp"

namespace agent {

Task<std::vector<PlanStep>> plan_steps(const ActionTools& tools, const Runbook& runbook, const Value& params) {
    std::vector<PlanStep> steps;
    for (const auto& action : runbook.steps) {
        const auto number = static_cast<std::int64_t>(steps.size()) + 1;
        auto step = co_await action->plan(tools, params);
        if (step.has_error()) {
            const auto doing = "step " + std::to_string(number) + " (" + std::string{action->name()} + ')';
            co_return std::move(step).error().in_context(doing);
        }
        step.value().step = number;
        steps.push_back(std::move(step).value());
    }
    co_return steps;
}

std::string plan_digest(const Runbook& runbook, const Value& params, const std::vector<PlanStep>& steps) {
    Value::Array list;
    for (const auto& step : steps)
        list.push_back(Value::object({{"action", step.action}, {"current", step.current}, {"desired", step.desired}}));
    return sha256_hex(write_json(
        Value::object({{"runbook_sha256", runbook.sha256}, {"params", params}, {"steps", std::move(list)}})));
}

}  // namespace agent
