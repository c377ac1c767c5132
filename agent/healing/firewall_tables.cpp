#include "healing/firewall_tables.hpp"

#include <set>

#include "drift/firewall/compare.hpp"

namespace agent {
namespace {

Value facts_of_table(const Ruleset& table) {
    Value facts;
    facts.set("chains", static_cast<std::int64_t>(table.count("chain")));
    facts.set("rules", static_cast<std::int64_t>(table.rules()));
    facts.set("sets", static_cast<std::int64_t>(table.count("set") + table.count("map")));
    facts.set("sha256", table.sha256());
    return facts;
}

}  // namespace

std::vector<TableName> tables_of(const Ruleset& ruleset) {
    std::vector<TableName> tables;
    for (const auto& [key, object] : ruleset.objects)
        if (key.kind == "table") tables.push_back({key.family, key.table});
    return tables;
}

Ruleset part_of(const Ruleset& ruleset, const TableName& table) {
    Ruleset part;
    const FirewallKey first{table.family, table.name, 0, {}, {}};
    for (auto entry = ruleset.objects.lower_bound(first); entry != ruleset.objects.end(); ++entry) {
        if (entry->first.family != table.family || entry->first.table != table.name) break;
        part.objects.insert(*entry);
    }
    return part;
}

std::vector<TableName> differing_tables(const Ruleset& approved, const Ruleset& live) {
    std::set<TableName> all;
    for (auto& table : tables_of(approved)) all.insert(std::move(table));
    for (auto& table : tables_of(live)) all.insert(std::move(table));
    std::vector<TableName> differing;
    for (const auto& table : all)
        if (!compare_rulesets(part_of(approved, table), part_of(live, table)).empty()) differing.push_back(table);
    return differing;
}

Value state_of_tables(const Ruleset& ruleset, const std::vector<TableName>& tables) {
    Value::Object states;
    for (const auto& table : tables) {
        const auto part = part_of(ruleset, table);
        states.emplace(table.words(), part.empty() ? Value{} : facts_of_table(part));
    }
    return Value::object({{"tables", std::move(states)}});
}

}  // namespace agent
