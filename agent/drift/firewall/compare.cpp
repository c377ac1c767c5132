#include "drift/firewall/compare.hpp"

#include <algorithm>
#include <set>

#include "drift/firewall/compare_chains.hpp"
#include "drift/firewall/compare_sets.hpp"
#include "drift/firewall/render.hpp"

namespace agent {
namespace {

using Change = FirewallDifference::Change;

bool is_dormant(const FirewallObject& table) {
    const auto* flags = table.attributes.find("flags");
    const auto* list = flags == nullptr ? nullptr : flags->array();
    return list != nullptr && std::ranges::find(*list, Value{"dormant"}) != list->end();
}

bool may_refuse(Verdicts& verdicts, const FirewallKey& key, const FirewallObject& chain) {
    return is_base_chain(chain) && (has_policy_drop(chain) || verdicts.of_chain(key).refuses);
}

// "policy drop → accept", of all that differ.
std::string render_changes(const Value& before, const Value& after) {
    std::set<std::string> names;
    for (const auto& [name, value] : *before.object()) names.insert(name);
    for (const auto& [name, value] : *after.object()) names.insert(name);
    std::string text;
    for (const auto& name : names) {
        const auto* from = before.find(name);
        const auto* to = after.find(name);
        if (from != nullptr && to != nullptr && *from == *to) continue;
        if (!text.empty()) text += ", ";
        text += name + ' ' + (from == nullptr ? "none" : render_value(*from)) + " → " +
                (to == nullptr ? "none" : render_value(*to));
    }
    return text;
}

// True where one of `names` differs.
bool differ_in(const FirewallObject& a, const FirewallObject& b, std::initializer_list<std::string_view> names) {
    return std::ranges::any_of(names, [&](std::string_view name) {
        const auto* in_a = a.attributes.find(name);
        const auto* in_b = b.attributes.find(name);
        return (in_a == nullptr) != (in_b == nullptr) || (in_a != nullptr && *in_a != *in_b);
    });
}

Opening opening_of_chain(BothSides& sides, const FirewallKey& key, const FirewallObject& approved,
                         const FirewallObject& live) {
    if (has_policy_drop(approved) && !has_policy_drop(live)) return Opening::refuses_less;
    // At another hook it no longer refuses where it did.
    if (differ_in(approved, live, {"hook", "type", "dev"}) && may_refuse(sides.approved_verdicts, key, approved))
        return Opening::refuses_less;
    return Opening::neither;
}

Opening opening_of_table(BothSides& sides, const FirewallKey& table, const FirewallObject& approved,
                         const FirewallObject& live) {
    if (is_dormant(approved) || !is_dormant(live)) return Opening::neither;
    for (const auto& [key, chain] : sides.approved.objects)
        if (key.family == table.family && key.table == table.table && may_refuse(sides.approved_verdicts, key, chain))
            return Opening::refuses_less;
    return Opening::neither;
}

Opening opening_of(BothSides& sides, const FirewallKey& key, const FirewallObject& approved,
                   const FirewallObject& live) {
    if (key.kind == "chain") return opening_of_chain(sides, key, approved, live);
    if (key.kind == "table") return opening_of_table(sides, key, approved, live);
    return opening_of_change(sides, key);
}

void compare_attributes(BothSides& sides, const FirewallKey& key, const FirewallObject& approved,
                        const FirewallObject& live) {
    if (approved.attributes == live.attributes) return;
    FirewallDifference difference;
    difference.opening = opening_of(sides, key, approved, live);
    difference.where = key.kind + ' ' + key.where();
    difference.text = render_changes(approved.attributes, live.attributes);
    difference.object = live.attributes;
    sides.differences.push_back(std::move(difference));
}

void tell_whole(BothSides& sides, Change change, const FirewallKey& key, const FirewallObject& object) {
    FirewallDifference difference;
    difference.change = change;
    // A chain that is gone refuses nothing by its policy any more; its rules tell for themselves.
    if (change == Change::removed && has_policy_drop(object)) difference.opening = Opening::refuses_less;
    difference.where = key.kind + ' ' + key.where();
    difference.text = render_object(key, object);
    difference.object = object.attributes;
    sides.differences.push_back(std::move(difference));
}

}  // namespace

std::string_view to_string(Change change) noexcept {
    switch (change) {
        case Change::added: return "added";
        case Change::removed: return "removed";
        case Change::moved: return "moved";
        case Change::changed: return "changed";
    }
    return "";
}

std::vector<FirewallDifference> compare_rulesets(const Ruleset& approved, const Ruleset& live) {
    BothSides sides{approved, live, Verdicts{approved}, Verdicts{live}, {}};
    std::set<FirewallKey> keys;
    for (const auto& [key, object] : approved.objects) keys.insert(key);
    for (const auto& [key, object] : live.objects) keys.insert(key);
    for (const auto& key : keys) {
        const auto* before = approved.find(key);
        const auto* after = live.find(key);
        if (before == nullptr) tell_whole(sides, Change::added, key, *after);
        if (after == nullptr) tell_whole(sides, Change::removed, key, *before);
        if (before != nullptr && after != nullptr) {
            compare_attributes(sides, key, *before, *after);
            compare_elements(sides, key, *before, *after);
        }
        compare_rules(sides, key, before, after);
    }
    return std::move(sides.differences);
}

bool is_active(const Ruleset& ruleset) {
    Verdicts verdicts{ruleset};
    return std::ranges::any_of(ruleset.objects, [&](const auto& entry) {
        const auto& [key, chain] = entry;
        const auto* table = ruleset.find({key.family, key.table, 0, "table", {}});
        return key.kind == "chain" && table != nullptr && !is_dormant(*table) && may_refuse(verdicts, key, chain);
    });
}

}  // namespace agent
