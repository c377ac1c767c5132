#pragma once
// What a rule may do to a packet, whichever way it gets there: by itself, by a map of verdicts, by another chain.
#include <map>

#include "drift/firewall/ruleset.hpp"

namespace agent {

struct Effects {
    bool accepts{};  // or passes it by the rules that follow
    bool refuses{};
    friend bool operator==(const Effects&, const Effects&) = default;
};

// In doubt both: a rule is never taken for more harmless than it may be.
class Verdicts {
public:
    explicit Verdicts(const Ruleset& ruleset) : ruleset_{&ruleset} {}  // which must outlive this

    [[nodiscard]] Effects of_rule(const FirewallKey& chain, const FirewallRule& rule);
    // Of the rules, policy aside.
    [[nodiscard]] Effects of_chain(const FirewallKey& chain);
    // Of one element of a map of verdicts in the table of `key`.
    [[nodiscard]] Effects of_element(const FirewallKey& key, const Value& element);

private:
    [[nodiscard]] Effects of_statement(const FirewallKey& at, const std::string& name, const Value& body);
    [[nodiscard]] Effects of_verdict(const FirewallKey& at, const Value& verdict);
    [[nodiscard]] Effects of_map(const FirewallKey& at, const Value& data);
    [[nodiscard]] Effects of_target(const FirewallKey& at, const Value& body);

    const Ruleset* ruleset_;
    std::map<FirewallKey, Effects> known_;
    int depth_{};
};

}  // namespace agent
