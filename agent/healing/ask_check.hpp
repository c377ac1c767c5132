#pragma once
#include "healing/action.hpp"

namespace agent {

// One check, afresh and without recording it. `not_found` where it gave no result.
[[nodiscard]] Task<CheckReport> ask_check(const ActionTools& tools, CheckName check);
// The same for several, in their order, up to the first that is not fine: `refused`, with what it says.
[[nodiscard]] Task<> want_fine(const ActionTools& tools, std::vector<CheckName> checks);

// "the check motd says drift: not as approved"
[[nodiscard]] std::string words_of(const CheckReport& report);

}  // namespace agent
