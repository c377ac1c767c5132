#pragma once
// What a runbook would do now, and its digest.
#include <vector>

#include "healing/action.hpp"
#include "healing/runbook.hpp"
#include "store/healing_journal.hpp"

namespace agent {

// The values for markers (template.hpp) that are known before the first step: `params` as ParameterSchema::check gave
// them, and what the steps name of the baseline. An error names the place in the runbook.
[[nodiscard]] Result<Value> known_values(const Runbook& runbook, Value params, const Baseline& baseline);

// `values` as above. An error names the step that could not look.
[[nodiscard]] Task<std::vector<PlanStep>> plan_steps(const ActionTools& tools, const Runbook& runbook,
                                                     const Value& values);

// The steps under `rollback` as data, numbered behind the runbook's own. An error names the one with a value that may
// not stand where it is put.
[[nodiscard]] Result<std::vector<RollbackStep>> fill_rollback(const Runbook& runbook, const Value& values);

// Lower-case hex SHA-256 over runbook, values, every current and desired value, and what would take them back.
[[nodiscard]] std::string plan_digest(const Runbook& runbook, const Value& values, const std::vector<PlanStep>& steps,
                                      const std::vector<RollbackStep>& rollback);

}  // namespace agent
