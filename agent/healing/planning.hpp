#pragma once
// What a runbook would do now, and its digest.
#include <vector>

#include "healing/action.hpp"
#include "healing/runbook.hpp"

namespace agent {

// `params` as ParameterSchema::check gave them. An error names the step that could not look.
[[nodiscard]] Task<std::vector<PlanStep>> plan_steps(const ActionTools& tools, const Runbook& runbook,
                                                     const Value& params);

// Lower-case hex SHA-256 over runbook, parameters, and every current and desired value.
[[nodiscard]] std::string plan_digest(const Runbook& runbook, const Value& params, const std::vector<PlanStep>& steps);

}  // namespace agent
