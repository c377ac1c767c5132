#pragma once
// The part of the comparison that looks at what rules refer to: elements of sets and maps, named limits and quotas.
#include "drift/firewall/compare_chains.hpp"

namespace agent {

void compare_elements(BothSides& sides, const FirewallKey& key, const FirewallObject& approved,
                      const FirewallObject& live);

// What it may open that an object which rules refer to is another: a limit raised before an accept.
[[nodiscard]] Opening opening_of_change(BothSides& sides, const FirewallKey& key);

}  // namespace agent
