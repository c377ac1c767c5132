#include "drift/firewall/compare_chains.hpp"

#include <algorithm>
#include <limits>

#include "drift/firewall/render.hpp"
#include "drift/firewall/rule_sequence.hpp"

namespace agent {
namespace {

using Change = FirewallDifference::Change;

std::vector<std::string> identities(const FirewallObject* chain) {
    std::vector<std::string> all;
    if (chain == nullptr) return all;
    for (const auto& rule : chain->rules) all.push_back(rule.identity);
    return all;
}

FirewallDifference difference_of_rule(Change change, Opening opening, const FirewallKey& key, std::size_t place,
                                      const FirewallRule& rule) {
    FirewallDifference difference;
    difference.change = change;
    difference.opening = opening;
    difference.where = key.where() + ", rule " + std::to_string(place + 1);
    difference.text = render_rule(rule);
    difference.object = Value::object({{"expr", rule.expressions}});
    return difference;
}

// Per pair: whether it accepts before something that refused before it, or refuses behind something that accepted
// behind it.
class Overtaking {
public:
    Overtaking(const std::vector<PairedRule>& pairs, const std::vector<Effects>& effects)
        : accepts_(pairs.size()), refuses_(pairs.size()) {
        auto earliest_refusal = std::numeric_limits<std::size_t>::max();  // place before, of those further down now
        for (std::size_t i = pairs.size(); i-- > 0;) {
            accepts_[i] = effects[i].accepts && earliest_refusal < pairs[i].before;
            if (effects[i].refuses) earliest_refusal = std::min(earliest_refusal, pairs[i].before);
        }
        std::size_t latest_acceptance = 0;  // one more than the place before, of those further up now
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            refuses_[i] = effects[i].refuses && latest_acceptance > pairs[i].before + 1;
            if (effects[i].accepts) latest_acceptance = std::max(latest_acceptance, pairs[i].before + 1);
        }
    }
    [[nodiscard]] Opening of(std::size_t pair) const {
        if (accepts_[pair]) return Opening::accepts_more;
        return refuses_[pair] ? Opening::refuses_less : Opening::neither;
    }

private:
    std::vector<bool> accepts_;
    std::vector<bool> refuses_;
};

void compare_pairs(BothSides& sides, const FirewallKey& key, const FirewallObject& approved, const FirewallObject& live,
                   const std::vector<PairedRule>& pairs) {
    const bool any_moved = std::ranges::any_of(pairs, &PairedRule::moved);
    std::vector<Effects> effects(pairs.size());
    for (std::size_t i = 0; any_moved && i < pairs.size(); ++i)
        effects[i] = sides.live_verdicts.of_rule(key, live.rules[pairs[i].after]);
    const Overtaking overtaking{pairs, effects};
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const auto& before = approved.rules[pairs[i].before];
        const auto& after = live.rules[pairs[i].after];
        if (pairs[i].moved) {
            auto moved = difference_of_rule(Change::moved, overtaking.of(i), key, pairs[i].after, after);
            moved.where += " (approved: rule " + std::to_string(pairs[i].before + 1) + ")";
            sides.differences.push_back(std::move(moved));
        }
        if (before.comment != after.comment)
            sides.differences.push_back(
                difference_of_rule(Change::changed, Opening::neither, key, pairs[i].after, after));
    }
}

}  // namespace

bool is_base_chain(const FirewallObject& chain) { return chain.attributes.find("hook") != nullptr; }

bool has_policy_drop(const FirewallObject& chain) {
    const auto* policy = chain.attributes.find("policy");
    return policy != nullptr && *policy == Value{"drop"};
}

void compare_rules(BothSides& sides, const FirewallKey& key, const FirewallObject* approved,
                   const FirewallObject* live) {
    const auto change = compare_sequences(identities(approved), identities(live));
    for (const auto place : change.removed) {
        const auto& rule = approved->rules[place];
        const bool refused = sides.approved_verdicts.of_rule(key, rule).refuses;
        const auto opening = refused ? Opening::refuses_less : Opening::neither;
        sides.differences.push_back(difference_of_rule(Change::removed, opening, key, place, rule));
    }
    for (const auto place : change.added) {
        const auto& rule = live->rules[place];
        const bool accepts = sides.live_verdicts.of_rule(key, rule).accepts;
        const auto opening = accepts ? Opening::accepts_more : Opening::neither;
        sides.differences.push_back(difference_of_rule(Change::added, opening, key, place, rule));
    }
    if (approved != nullptr && live != nullptr) compare_pairs(sides, key, *approved, *live, change.paired);
}

}  // namespace agent
