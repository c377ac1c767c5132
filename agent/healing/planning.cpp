#include "healing/planning.hpp"

#include "codec/json.hpp"
#include "crypto/digest.hpp"
#include "healing/telling.hpp"

namespace agent {

Result<Value> known_values(const Runbook& runbook, Value params, const Baseline& baseline) {
    for (const auto& use : runbook.baseline_uses) {
        AGENT_TRY(auto value, in_context(baseline_value(use, baseline), use.place));
        params.set(use.value, std::move(value));
    }
    return params;
}

Task<std::vector<PlanStep>> plan_steps(const ActionTools& tools, const Runbook& runbook, const Value& values) {
    std::vector<PlanStep> steps;
    for (const auto& action : runbook.steps) {
        const auto number = static_cast<std::int64_t>(steps.size()) + 1;
        auto step = co_await action->plan(tools, values);
        if (step.has_error()) {
            const auto doing = label_of_step(number, action->name());
            co_return std::move(step).error().in_context(doing);
        }
        step.value().step = number;
        steps.push_back(std::move(step).value());
    }
    co_return steps;
}

Result<std::vector<RollbackStep>> fill_rollback(const Runbook& runbook, const Value& values) {
    std::vector<RollbackStep> filled;
    auto number = static_cast<std::int64_t>(runbook.steps.size());
    for (const auto& action : runbook.rollback) {
        const auto label = label_of_step(++number, action->name());
        AGENT_TRY(auto data, in_context(action->as_data(values), label + " of the rollback"));
        if (!data) return Error{Errc::refused, label + " of the rollback cannot be carried out from data"};
        filled.push_back({number, std::string{action->name()}, *std::move(data)});
    }
    return filled;
}

std::string plan_digest(const Runbook& runbook, const Value& values, const std::vector<PlanStep>& steps,
                        const std::vector<RollbackStep>& rollback) {
    Value::Array list;
    for (const auto& step : steps)
        list.push_back(Value::object({{"action", step.action}, {"current", step.current}, {"desired", step.desired}}));
    auto covered = Value::object({{"runbook_sha256", runbook.sha256}, {"params", values}, {"steps", std::move(list)}});
    Value::Array back;
    for (const auto& step : rollback) back.push_back(Value::object({{"action", step.action}, {"data", step.data}}));
    if (!back.empty()) covered.set("rollback", std::move(back));
    return sha256_hex(write_json(covered));
}

}  // namespace agent
