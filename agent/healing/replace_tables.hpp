#pragma once
// Tables of the packet filter put in place of what is there, as one transaction.
#include <cstdint>
#include <vector>

#include "healing/nft.hpp"

namespace agent {

// nft 1.0.6 does not know the flag of sets that rules add to in its JSON, and sets it by itself; later ones want it.
enum class DynamicFlag : std::uint8_t { named, left_out };

// `tables` become as in `approved`, or go where it has none of them; all others are left alone. What comes and goes by
// itself in their sets (bans, elements with a timeout) is taken over from `live`.
[[nodiscard]] NftCommands replace_tables(const Ruleset& approved, const FirewallListing& live,
                                         const std::vector<TableName>& tables, DynamicFlag flag);
// The same from what nft prints of a table, or anybody wrote. Stands before it on the same line, so that the lines in
// nft's complaints are those of the text.
[[nodiscard]] std::string make_room_for(const std::vector<TableName>& tables);
// Adds what comes and goes by itself in sets of `live` to the same sets of `wanted`. Nothing where there is none.
[[nodiscard]] Value::Array carry_over(const FirewallListing& live, const Ruleset& wanted,
                                      const std::vector<TableName>& tables);
[[nodiscard]] NftCommands commands_of(Value::Array commands);

}  // namespace agent
