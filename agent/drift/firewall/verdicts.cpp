#include "drift/firewall/verdicts.hpp"

namespace agent {
namespace {

// The kernel takes 16 jumps; a baseline may claim anything.
constexpr int depth_most = 64;
constexpr Effects anything{true, true};

Effects both(Effects a, Effects b) { return {a.accepts || b.accepts, a.refuses || b.refuses}; }

Effects of_extension(const Value& body) {
    const auto* target = body.find("name");
    const auto* name = target == nullptr ? nullptr : target->string();
    if (name == nullptr) return {};
    if (*name == "REJECT" || *name == "DROP" || *name == "TARPIT") return {false, true};
    if (*name == "NFQUEUE") return anything;
    return {};
}

}  // namespace

Effects Verdicts::of_target(const FirewallKey& at, const Value& body) {
    const auto* target = body.find("target");
    const auto* name = target == nullptr ? nullptr : target->string();
    if (name == nullptr) return anything;
    return of_chain(chain_key(at.family, at.table, *name));
}

Effects Verdicts::of_verdict(const FirewallKey& at, const Value& verdict) {
    const auto* members = verdict.object();
    if (members == nullptr || members->size() != 1) return {};
    const auto& [name, body] = *members->begin();
    if (name == "accept") return {true, false};
    if (name == "drop" || name == "reject") return {false, true};
    // Who reads the queue decides, and where nobody does it may let pass.
    if (name == "queue") return anything;
    if (name == "return") return {true, false};
    if (name == "jump") return of_target(at, body);
    // What goes elsewhere for good is spared the rules that follow.
    if (name == "goto") return both({true, false}, of_target(at, body));
    return {};
}

Effects Verdicts::of_element(const FirewallKey& key, const Value& element) {
    const auto* pair = element.array();
    return pair == nullptr || pair->size() != 2 ? Effects{} : of_verdict(key, pair->back());
}

Effects Verdicts::of_map(const FirewallKey& at, const Value& data) {
    Effects all;
    if (const auto* name = data.string(); name != nullptr && name->starts_with('@')) {
        const auto* map = ruleset_->find({at.family, at.table, 1, "map", name->substr(1)});
        if (map == nullptr || map->filled_by_rules) return anything;
        for (const auto& [text, element] : map->elements) all = both(all, of_element(at, element));
        return all;
    }
    const auto* set = data.find("set");
    const auto* elements = set == nullptr ? nullptr : set->array();
    if (elements == nullptr) return anything;
    for (const auto& element : *elements) all = both(all, of_element(at, element));
    return all;
}

Effects Verdicts::of_statement(const FirewallKey& at, const std::string& name, const Value& body) {
    if (name == "xt") return of_extension(body);
    if (name != "vmap") return of_verdict(at, Value::object({{name, body}}));
    const auto* data = body.find("data");
    return data == nullptr ? anything : of_map(at, *data);
}

Effects Verdicts::of_rule(const FirewallKey& chain, const FirewallRule& rule) {
    Effects all;
    for (const auto& statement : *rule.expressions.array()) {
        const auto* members = statement.object();
        if (members == nullptr) continue;
        for (const auto& [name, body] : *members) all = both(all, of_statement(chain, name, body));
    }
    return all;
}

Effects Verdicts::of_chain(const FirewallKey& chain) {
    if (const auto known = known_.find(chain); known != known_.end()) return known->second;
    const auto* object = ruleset_->find(chain);
    if (object == nullptr) return {};
    if (depth_ == depth_most) return anything;
    known_[chain] = anything;  // in a circle, which the kernel refuses
    ++depth_;
    Effects all;
    for (const auto& rule : object->rules) {
        // Coming back to the caller is neither.
        static const Value back = Value::object({{"return", Value{}}});
        const auto* statements = rule.expressions.array();
        const bool returns = !statements->empty() && statements->back() == back;
        if (!returns) all = both(all, of_rule(chain, rule));
    }
    --depth_;
    known_[chain] = all;
    return all;
}

}  // namespace agent
