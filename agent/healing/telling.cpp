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

double seconds_between(MonoTime start, MonoTime end) noexcept {
    return std::chrono::duration<double>{end - start}.count();
}

}  // namespace agent
