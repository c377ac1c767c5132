#pragma once
// nft(8), asked what the kernel filters and told what it shall filter.
#include <cstdint>
#include <string>
#include <vector>

#include "healing/firewall_tables.hpp"
#include "host/process_runner.hpp"

namespace agent {

struct FirewallListing {
    Value::Array items;  // as nft prints them
    Ruleset ruleset;     // the same without what moves by itself
};

// One transaction: the kernel takes all of it or nothing.
struct NftCommands {
    enum class Language : std::uint8_t { nft, json };
    Language language{Language::nft};
    std::string text;
};

// Elements of `dynamic_sets` are not compared, as in the check. Errors name the program or right that is missing.
[[nodiscard]] Task<FirewallListing> list_firewall(ProcessRunner& processes, std::vector<std::string> dynamic_sets);
// In nft's own language, which holds more than its JSON: comments of tables and chains, types of sets.
[[nodiscard]] Task<std::string> print_table(ProcessRunner& processes, TableName table);
// Whether nft and the kernel would take it. Changes nothing.
[[nodiscard]] Task<> try_out(ProcessRunner& processes, NftCommands commands);
[[nodiscard]] Task<> carry_out(ProcessRunner& processes, NftCommands commands);

}  // namespace agent
