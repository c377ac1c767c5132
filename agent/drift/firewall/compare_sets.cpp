#include "drift/firewall/compare_sets.hpp"

#include <algorithm>

#include "drift/firewall/render.hpp"

namespace agent {
namespace {

constexpr std::size_t shown_elements = 20;

struct Reference {
    bool plain{};
    bool negated{};  // all but what is in it
};

void merge(Reference& into, const Reference& other) {
    into.plain = into.plain || other.plain;
    into.negated = into.negated || other.negated;
}

// How `value` refers to "@name" (a set or map) or, as the statement `kind`, to "name".
Reference refers_to(const Value& value, std::string_view kind, std::string_view name) {
    Reference all;
    if (const auto* word = value.string()) all.plain = word->starts_with('@') && word->substr(1) == name;
    if (const auto* items = value.array())
        for (const auto& item : *items) merge(all, refers_to(item, kind, name));
    const auto* members = value.object();
    if (members == nullptr) return all;
    for (const auto& [member, body] : *members) {
        const auto* word = body.string();
        if (member == kind && word != nullptr && *word == name) all.plain = true;
        merge(all, refers_to(body, kind, name));
    }
    const auto* op = value.find("op");
    if (op != nullptr && *op == Value{"!="} && value.find("left") != nullptr) {
        all.negated = all.negated || all.plain;
        all.plain = false;
    }
    return all;
}

// What rules do with what matches an object, and with what does not.
struct Uses {
    Effects inside;
    Effects outside;
};

Uses uses_of(const Ruleset& ruleset, Verdicts& verdicts, const FirewallKey& used) {
    Uses uses;
    for (const auto& [key, chain] : ruleset.objects) {
        if (key.family != used.family || key.table != used.table) continue;
        for (const auto& rule : chain.rules) {
            const auto reference = refers_to(rule.expressions, used.kind, used.name);
            if (!reference.plain && !reference.negated) continue;
            const auto effects = verdicts.of_rule(key, rule);
            auto& to = reference.negated ? uses.outside : uses.inside;
            to = {to.accepts || effects.accepts, to.refuses || effects.refuses};
        }
    }
    return uses;
}

bool holds_verdicts(const FirewallObject& map) {
    const auto* data = map.attributes.find("map");
    return data != nullptr && *data == Value{"verdict"};
}

using Elements = std::vector<const Value*>;

Elements missing_in(const FirewallObject& other, const FirewallObject& object) {
    Elements missing;
    for (const auto& [text, element] : object.elements)
        if (!other.elements.contains(text)) missing.push_back(&element);
    return missing;
}

FirewallDifference difference_of_elements(FirewallDifference::Change change, Opening opening, const FirewallKey& key,
                                          const Elements& elements) {
    Value::Array shown;
    for (const auto* element : elements) {
        if (shown.size() == shown_elements) break;
        shown.push_back(*element);
    }
    FirewallDifference difference;
    difference.change = change;
    difference.opening = opening;
    difference.where = key.kind + ' ' + key.where();
    difference.text = (elements.size() == 1 ? "element " : "elements ") + render_value(Value::object({{"set", shown}}));
    if (elements.size() > shown.size())
        difference.text += " and " + std::to_string(elements.size() - shown.size()) + " more";
    difference.object = Value::object({{"elem", std::move(shown)}});
    return difference;
}

Opening opening_of_added(BothSides& sides, const FirewallKey& key, const FirewallObject& live, const Elements& added) {
    if (holds_verdicts(live)) {
        const auto accepts = [&](const Value* element) {
            return sides.live_verdicts.of_element(key, *element).accepts;
        };
        return std::ranges::any_of(added, accepts) ? Opening::accepts_more : Opening::neither;
    }
    if (key.kind == "map") return Opening::neither;
    const auto uses = uses_of(sides.live, sides.live_verdicts, key);
    if (uses.inside.accepts) return Opening::accepts_more;
    return uses.outside.refuses ? Opening::refuses_less : Opening::neither;
}

Opening opening_of_removed(BothSides& sides, const FirewallKey& key, const FirewallObject& approved,
                           const Elements& removed) {
    if (holds_verdicts(approved)) {
        const auto refuses = [&](const Value* element) {
            return sides.approved_verdicts.of_element(key, *element).refuses;
        };
        return std::ranges::any_of(removed, refuses) ? Opening::refuses_less : Opening::neither;
    }
    if (key.kind == "map") return Opening::neither;
    const auto uses = uses_of(sides.approved, sides.approved_verdicts, key);
    if (uses.inside.refuses) return Opening::refuses_less;
    return uses.outside.accepts ? Opening::accepts_more : Opening::neither;
}

}  // namespace

void compare_elements(BothSides& sides, const FirewallKey& key, const FirewallObject& approved,
                      const FirewallObject& live) {
    const auto removed = missing_in(live, approved);
    if (!removed.empty()) {
        const auto opening = opening_of_removed(sides, key, approved, removed);
        sides.differences.push_back(difference_of_elements(FirewallDifference::Change::removed, opening, key, removed));
    }
    const auto added = missing_in(approved, live);
    if (!added.empty()) {
        const auto opening = opening_of_added(sides, key, live, added);
        sides.differences.push_back(difference_of_elements(FirewallDifference::Change::added, opening, key, added));
    }
}

Opening opening_of_change(BothSides& sides, const FirewallKey& key) {
    if (key.kind != "limit" && key.kind != "quota") return Opening::neither;
    const auto uses = uses_of(sides.live, sides.live_verdicts, key);
    if (uses.inside.accepts) return Opening::accepts_more;
    return uses.inside.refuses ? Opening::refuses_less : Opening::neither;
}

}  // namespace agent
