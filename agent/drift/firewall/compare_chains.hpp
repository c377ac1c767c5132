#pragma once
// The part of the comparison that looks at one chain.
#include "drift/firewall/compare.hpp"
#include "drift/firewall/verdicts.hpp"

namespace agent {

// Both sides of a comparison, and what their rules may do.
struct BothSides {
    const Ruleset& approved;
    const Ruleset& live;
    Verdicts approved_verdicts;
    Verdicts live_verdicts;
    std::vector<FirewallDifference> differences;
};

// Rules added, removed, moved; either chain may be missing (null).
void compare_rules(BothSides& sides, const FirewallKey& key, const FirewallObject* approved,
                   const FirewallObject* live);

// True where the kernel gives packets to it.
[[nodiscard]] bool is_base_chain(const FirewallObject& chain);
[[nodiscard]] bool has_policy_drop(const FirewallObject& chain);

}  // namespace agent
