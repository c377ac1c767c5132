#include "healing/unit_facts.hpp"

#include "host/unit_name.hpp"

namespace agent {

Result<std::string> UnitRule::fill(const Value& params) const {
    AGENT_TRY(auto name, unit.fill(params));
    AGENT_TRY(check_unit_name(name));
    return name;
}

std::optional<UnitRule> read_unit_rule(MapReader& step, StepScope& scope) {
    const auto written = step.text("unit");
    step.require("unit", "for example ssh.service");
    const auto timeout = step.duration("timeout", std::chrono::seconds{1}, std::chrono::minutes{10});
    if (!written) return std::nullopt;
    auto unit = Template::parse(*written, scope, step, "unit");
    if (!unit) return std::nullopt;
    if (unit->is_fixed())
        if (auto sound = check_unit_name(*written); sound.has_error()) step.fault("unit", sound.error().message());
    return UnitRule{*std::move(unit), timeout.value_or(std::chrono::seconds{90})};
}

Task<UnitState> look_at_unit(const ActionTools& tools, std::string unit) {
    auto state = co_await tools.units.state(unit);
    co_return in_context(std::move(state), "looking at " + unit);
}

std::string words_of_unit(const UnitState& state) {
    std::string text = state.active_state + " (" + state.sub_state + ')';
    if (!state.result.empty() && state.result != "success") text += ", result " + state.result;
    if (!state.condition_result) text += ", a condition of the unit is not met";
    return text;
}

std::string up_or_down(const UnitState& state) {
    if (state.is_active()) return "up";
    const bool is_down = state.active_state == "inactive" || state.active_state == "failed";
    return is_down ? "down" : state.active_state;
}

Value facts_of_unit(const std::string& unit, const UnitState& state) {
    return Value::object({{"unit", unit}, {"load_state", state.load_state}, {"state", up_or_down(state)}});
}

}  // namespace agent
