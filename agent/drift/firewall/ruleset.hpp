#pragma once
// A firewall's ruleset without what moves by itself: handles, counters, elements that come and go. What remains of two
// listings of an unchanged firewall is equal, also after a reload.
#include <compare>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/value.hpp"

namespace agent {

// What names a table, chain, set or other object; sorted as a listing is read.
struct FirewallKey {
    std::string family;
    std::string table;
    int rank{};        // 0: the table itself, 1: what chains use, 2: chains
    std::string kind;  // "table", "set", "chain", …
    std::string name;  // empty for a table
    friend auto operator<=>(const FirewallKey&, const FirewallKey&) = default;

    // "inet filter input"
    [[nodiscard]] std::string where() const;
};
[[nodiscard]] FirewallKey chain_key(std::string family, std::string table, std::string name);

struct FirewallRule {
    Value expressions{Value::Array{}};
    std::string comment;
    std::string identity;  // of rules that do the same: the expressions as text
};

struct FirewallObject {
    Value attributes{Value::Object{}};  // without names and handle
    // Of sets and maps: by their text. Those that come and go by themselves are left out.
    std::map<std::string, Value> elements;
    bool filled_by_rules{};           // a set or map that the traffic fills: all its elements come and go
    std::vector<FirewallRule> rules;  // of chains, in their order
};

struct Ruleset {
    std::map<FirewallKey, FirewallObject> objects;

    [[nodiscard]] bool empty() const noexcept { return objects.empty(); }
    [[nodiscard]] const FirewallObject* find(const FirewallKey& key) const noexcept;
    [[nodiscard]] std::size_t count(std::string_view kind) const;
    [[nodiscard]] std::size_t rules() const;
    // As nft prints its objects in JSON, one after the other; read again they are this ruleset.
    [[nodiscard]] Value::Array listing() const;
    // SHA-256 of the listing, one object a line.
    [[nodiscard]] std::string sha256() const;
    // Forgets the elements of a set that somebody else fills ("inet filter banned").
    void forget_elements(std::string_view where);
    // Takes in another one, of other families.
    void merge(Ruleset other) { objects.merge(other.objects); }
};

// The sets and maps that rules add to: "family table name".
[[nodiscard]] std::set<std::string> filled_by_rules(const Ruleset& ruleset);

class RulesetReader {
public:
    // One object as nft prints it ({"rule": {…}}). `malformed`: not such an object, one of the name is there already,
    // or it is in a table or chain that is not.
    [[nodiscard]] Result<> add(const Value& item);
    [[nodiscard]] Ruleset finish();

private:
    [[nodiscard]] Result<> add_rule(const Value& body);
    [[nodiscard]] Result<> add_object(const std::string& kind, const Value& body);
    Ruleset ruleset_;
};

// The objects of an array of them.
[[nodiscard]] Result<Ruleset> read_ruleset(const Value::Array& items);
// What `nft -j list ruleset` printed.
[[nodiscard]] Result<Ruleset> read_nft_output(std::string_view json);

}  // namespace agent
