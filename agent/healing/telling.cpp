#include "healing/telling.hpp"

namespace agent {

std::string label_of_step(std::int64_t step, std::string_view action) {
    std::string label = "step " + std::to_string(step) + " (";
    return label.append(action).append(")");
}

Value state_of_step(std::int64_t step, std::string_view action, Value state) {
    return Value::object({{"step", step}, {"action", action}, {"state", std::move(state)}});
}

Value state_of_check(const CheckReport& report) {
    return Value::object({{"result", to_string(report.result)}, {"reason", report.reason}, {"facts", report.facts}});
}

std::optional<std::int64_t> rollback_generation_of(const std::vector<BegunStep>& steps) {
    for (const auto& step : steps) {
        const auto* generation = step.saved ? step.saved->find("rollback_generation") : nullptr;
        if (generation != nullptr && generation->integer() != nullptr) return *generation->integer();
    }
    return std::nullopt;
}

double seconds_between(MonoTime start, MonoTime end) noexcept {
    return std::chrono::duration<double>{end - start}.count();
}

}  // namespace agent
