#pragma once
// A step that names the output of an earlier one: it can be looked at only once that one has run.
#include <memory>
#include <vector>

#include "healing/action.hpp"
#include "healing/template.hpp"

namespace agent {

// `action`, whose plan says what it would do only where all that `arguments` name is known. Until then it looks at
// nothing: `current` is null, and `desired` has the arguments as the runbook has them, with what is known filled in.
[[nodiscard]] std::unique_ptr<Action> waiting_step(std::unique_ptr<Action> action,
                                                   std::vector<StepScope::Argument> arguments);

}  // namespace agent
