#pragma once
// How a firewall differs from the approved one, and which differences open it.
#include <cstdint>
#include <string>
#include <vector>

#include "drift/firewall/ruleset.hpp"

namespace agent {

enum class Opening : std::uint8_t { accepts_more, refuses_less, neither };

struct FirewallDifference {
    enum class Change : std::uint8_t { added, removed, moved, changed };
    Change change{Change::changed};
    Opening opening{Opening::neither};
    std::string where;  // "inet filter input, rule 4"
    std::string text;   // as nft writes it
    Value object;       // in nft's JSON
};
[[nodiscard]] std::string_view to_string(FirewallDifference::Change change) noexcept;

// In the order of the listing. In doubt a difference opens.
[[nodiscard]] std::vector<FirewallDifference> compare_rulesets(const Ruleset& approved, const Ruleset& live);

// True where something in it may refuse a packet: a chain of the kernel's hooks with the policy drop, or with a rule
// that refuses, in a table that is not switched off.
[[nodiscard]] bool is_active(const Ruleset& ruleset);

}  // namespace agent
