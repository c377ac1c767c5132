#pragma once
// nft's JSON as people write it. What is not known is shown as JSON; nothing is left out but by length.
#include <string>
#include <string_view>

#include "drift/firewall/ruleset.hpp"

namespace agent {

// "tcp dport { 22, 443 } ct state new accept comment \"ssh\"", safe for a terminal.
[[nodiscard]] std::string render_rule(const FirewallRule& rule);
[[nodiscard]] std::string render_expressions(const Value& expressions);
// "chain inet filter input: type filter, hook input, prio 0, policy drop"
[[nodiscard]] std::string render_object(const FirewallKey& key, const FirewallObject& object);
// A value inside of a statement: a field, a constant, a range, a set; a verdict as in a map.
[[nodiscard]] std::string render_value(const Value& value);
// "<before><member>" where there is one of that name that renders as anything.
[[nodiscard]] std::string render_member(const Value& body, std::string_view name, std::string_view before);
// Cut to `most` bytes, not inside of a character.
[[nodiscard]] std::string shortened(std::string text, std::size_t most);

}  // namespace agent
