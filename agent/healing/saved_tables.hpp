#pragma once
// What the undo of a change to the packet filter needs: the tables as they were, in nft's own language.
#include <optional>
#include <string>
#include <vector>

#include "healing/action.hpp"
#include "healing/nft.hpp"

namespace agent {

struct SavedTable {
    TableName name;
    std::optional<std::string> text;  // nothing: it was not there
};

struct SavedTables {
    std::vector<SavedTable> tables;
    std::vector<std::string> dynamic_sets;
    Value state;  // state_of_tables of them

    [[nodiscard]] std::vector<TableName> names() const;
};

// `refused` where they hold more than 1 MiB, or what nft prints of them cannot be read by nft again.
[[nodiscard]] Task<Value> save_tables(ProcessRunner& processes, std::vector<TableName> tables,
                                      std::vector<std::string> dynamic_sets);
[[nodiscard]] Result<SavedTables> read_saved_tables(const Value& saved);

// Tables with rules of iptables-nft whose extensions nft neither shows nor takes; nothing where there are none.
[[nodiscard]] std::optional<TableName> find_extended(const Ruleset& ruleset, const std::vector<TableName>& tables);

}  // namespace agent
