#pragma once
// What the baseline says of the packet filter, for actions that change it.
#include "drift/firewall/firewall_baseline.hpp"
#include "healing/action.hpp"

namespace agent {

// An empty one where the baseline says nothing of it.
[[nodiscard]] FirewallBaseline firewall_baseline_of(const ActionTools& tools);
// The approved ruleset, or why there is none that nft can put back.
[[nodiscard]] Result<Ruleset> approved_ruleset(const FirewallBaseline& baseline);

}  // namespace agent
