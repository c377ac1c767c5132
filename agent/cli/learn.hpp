#pragma once
// `check --learn`.
#include <string>
#include <vector>

#include "daemon/loaded_agent.hpp"

namespace agent::cli {

// Prints a baseline as this host is now; names empty: every check learns. Gives the exit status.
[[nodiscard]] int learn(const LoadedAgent& loaded, const std::vector<std::string>& names);

}  // namespace agent::cli
