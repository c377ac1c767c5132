#pragma once
// What the baseline says of the firewall.
#include <optional>
#include <string>
#include <vector>

#include "drift/check.hpp"
#include "drift/firewall/ruleset.hpp"

namespace agent {

struct FirewallBaseline {
    CheckSettings common;
    // What is approved; nothing where the baseline does not say.
    std::optional<Ruleset> ruleset;    // nft's
    std::optional<Ruleset> iptables;   // iptables-save's lines
    std::optional<Ruleset> ip6tables;  // ip6tables-save's
    // Sets that another program fills ("inet filter banned"): their elements are not compared.
    std::vector<std::string> dynamic_sets;
};

}  // namespace agent
