#pragma once
#include "healing/action.hpp"

namespace agent {

// One check, afresh and without recording it. `not_found` where it gave no result.
[[nodiscard]] Task<CheckReport> ask_check(const ActionTools& tools, CheckName check);

}  // namespace agent
