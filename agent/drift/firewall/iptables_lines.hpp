#pragma once
// Rules of iptables and ip6tables as iptables-save prints them, for hosts (or tables) that nft cannot tell about.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "drift/firewall/ruleset.hpp"

namespace agent {

// What iptables-save printed without comments and counters: "*filter", ":INPUT DROP", "-A INPUT …". Tables in which
// everything is as the kernel makes them (no rules, all accepted) are left out: looking at one is enough to make it.
// `malformed`: no such output, or one that breaks off.
[[nodiscard]] Result<std::vector<std::string>> read_iptables_save(std::string_view output);

// Lines as a ruleset, so that they are compared like one. `family` is "iptables" or "ip6tables". A table that is there
// a second time (of the other implementation) is told apart.
class IptablesReader {
public:
    explicit IptablesReader(std::string family) : family_{std::move(family)} {}
    // Counters are dropped; empty lines, comments and COMMIT are nothing. `malformed` if it is no such line.
    [[nodiscard]] Result<> add(std::string_view line);
    [[nodiscard]] Ruleset finish() { return reader_.finish(); }

private:
    [[nodiscard]] Result<> add_table(std::string name);
    [[nodiscard]] Result<> add_chain(std::string_view line);
    [[nodiscard]] Result<> add_rule(const std::string& line);
    std::string family_;
    std::string table_;
    bool nat_{};
    std::vector<std::string> tables_;
    RulesetReader reader_;
};

[[nodiscard]] Result<Ruleset> ruleset_of_iptables(const std::vector<std::string>& lines, const std::string& family);

}  // namespace agent
