#pragma once
// What the actions on units share: the unit that a step names, and what is told of it.
#include <optional>
#include <string>

#include "healing/action.hpp"
#include "healing/template.hpp"

namespace agent {

// The keys that each of them has.
struct UnitRule {
    Template unit;
    Duration timeout;  // for a job

    [[nodiscard]] Result<std::string> fill(const Value& params) const;
};

// Nothing where there is a fault, which was then reported to `step`.
[[nodiscard]] std::optional<UnitRule> read_unit_rule(MapReader& step, StepScope& scope);

[[nodiscard]] Task<UnitState> look_at_unit(const ActionTools& tools, std::string unit);

// "failed (failed), result exit-code"
[[nodiscard]] std::string words_of_unit(const UnitState& state);

// "up"; "down", failed or not; or what systemd calls it where it is neither, for example "activating".
[[nodiscard]] std::string up_or_down(const UnitState& state);

// The terms of a plan. A unit that has failed and was started cannot be put back as failed, only as down.
[[nodiscard]] Value facts_of_unit(const std::string& unit, const UnitState& state);

}  // namespace agent
