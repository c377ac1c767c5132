#pragma once
// Tables of the packet filter: which of them differ, and how evidence tells them.
#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "drift/firewall/ruleset.hpp"

namespace agent {

struct TableName {
    std::string family;
    std::string name;
    friend auto operator<=>(const TableName&, const TableName&) = default;

    [[nodiscard]] std::string words() const { return family + ' ' + name; }
};

[[nodiscard]] std::vector<TableName> tables_of(const Ruleset& ruleset);
[[nodiscard]] Ruleset part_of(const Ruleset& ruleset, const TableName& table);
// Tables of either that are not the same to the check.
[[nodiscard]] std::vector<TableName> differing_tables(const Ruleset& approved, const Ruleset& live);
// {"tables": {"inet filter": {chains, rules, sets, sha256}}}; null for a table that is not there.
[[nodiscard]] Value state_of_tables(const Ruleset& ruleset, const std::vector<TableName>& tables);

// The tables that `text` in nft's language declares, or `malformed`, naming the line: where it holds anything but
// `table FAMILY NAME { … }`, or takes in another file.
[[nodiscard]] Result<std::vector<TableName>> declared_tables(std::string_view text);

}  // namespace agent
