#include "drift/firewall/ruleset.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "codec/json.hpp"
#include "codec/members.hpp"
#include "crypto/digest.hpp"
#include "drift/firewall/normal_form.hpp"

namespace agent {
namespace {

// The reader of the baseline takes 64 levels, of which a ruleset in it has used up four.
constexpr std::size_t deepest = 48;

// nft's objects beside rules; "element" and commands are never in a listing.
constexpr std::array<std::string_view, 15> kinds{"table",      "chain",          "rule",     "set",     "map",
                                                 "flowtable",  "counter",        "quota",    "limit",   "ct helper",
                                                 "ct timeout", "ct expectation", "synproxy", "secmark", "tunnel"};
constexpr std::string_view listed_kinds = "table, chain, rule, set, map, flowtable, counter, quota, limit, ct …";

int rank_of(std::string_view kind) {
    if (kind == "table") return 0;
    return kind == "chain" ? 2 : 1;
}

// nft 1.0.6 prints what lies beside the table of names in place of a table's flag, another thing each time. A flag
// that nobody knows may be the one that switches the table off, so it reads as that one.
void repair_table_flags(Value& attributes) {
    const auto* flags = attributes.find("flags");
    if (flags == nullptr || flags->array() == nullptr) return;
    std::set<std::string> known;
    for (const auto& flag : *flags->array()) {
        const auto* word = flag.string();
        const bool harmless = word != nullptr && (*word == "owner" || *word == "persist");
        known.insert(harmless ? *word : "dormant");
    }
    attributes.set("flags", Value::Array{known.begin(), known.end()});
}

// True where it was there. Whether nft says that a set is dynamic depends on its version.
bool take_dynamic_flag(Value& attributes) {
    const auto* flags = attributes.find("flags");
    if (flags == nullptr || flags->array() == nullptr) return false;
    auto rest = *flags->array();
    const auto removed = std::erase(rest, Value{"dynamic"});
    if (rest.empty()) {
        attributes.object()->erase("flags");
    } else {
        attributes.set("flags", std::move(rest));
    }
    return removed > 0;
}

// An element, or the key of a map's, that ends by itself.
bool comes_and_goes(const Value& element) {
    const auto* pair = element.array();
    const auto& key = pair != nullptr && !pair->empty() ? pair->front() : element;
    const auto* details = key.find("elem");
    return details != nullptr && (details->find("expires") != nullptr || details->find("timeout") != nullptr);
}

void read_elements(const Value& list, FirewallObject& object) {
    const auto add = [&object](const Value& element) {
        if (comes_and_goes(element)) return;
        auto normal = normal_form(element);
        auto text = text_of(normal);
        object.elements.insert_or_assign(std::move(text), std::move(normal));
    };
    if (const auto* items = list.array()) {
        for (const auto& item : *items) add(item);
    } else if (!list.is_null()) {
        add(list);
    }
}

// The sets and maps that statements in `value` add to.
void note_filled(const Value& value, std::set<std::string>& names) {
    if (const auto* items = value.array())
        for (const auto& item : *items) note_filled(item, names);
    const auto* members = value.object();
    if (members == nullptr) return;
    for (const auto& [name, member] : *members) {
        if ((name == "set" || name == "map") && member.find("op") != nullptr) {
            const auto* target = member.find(name);
            const auto* word = target == nullptr ? nullptr : target->string();
            if (word != nullptr && word->starts_with('@')) names.insert(word->substr(1));
        }
        note_filled(member, names);
    }
}

Value named(const FirewallKey& key, Value attributes) {
    attributes.set("family", key.family);
    if (key.kind != "table") attributes.set("table", key.table);
    attributes.set("name", key.kind == "table" ? key.table : key.name);
    return attributes;
}

}  // namespace

std::string FirewallKey::where() const { return family + ' ' + table + (name.empty() ? "" : ' ' + name); }

FirewallKey chain_key(std::string family, std::string table, std::string name) {
    return {std::move(family), std::move(table), rank_of("chain"), "chain", std::move(name)};
}

const FirewallObject* Ruleset::find(const FirewallKey& key) const noexcept {
    const auto found = objects.find(key);
    return found == objects.end() ? nullptr : &found->second;
}

std::size_t Ruleset::count(std::string_view kind) const {
    const auto is_of_kind = [kind](const auto& entry) { return entry.first.kind == kind; };
    return static_cast<std::size_t>(std::ranges::count_if(objects, is_of_kind));
}

std::size_t Ruleset::rules() const {
    std::size_t number = 0;
    for (const auto& [key, object] : objects) number += object.rules.size();
    return number;
}

Value::Array Ruleset::listing() const {
    Value::Array items;
    for (const auto& [key, object] : objects) {
        auto body = named(key, object.attributes);
        if (!object.elements.empty()) {
            Value::Array elements;
            for (const auto& [text, element] : object.elements) elements.push_back(element);
            body.set("elem", std::move(elements));
        }
        items.push_back(Value::object({{key.kind, std::move(body)}}));
        for (const auto& rule : object.rules) {
            Value entry = Value::object(
                {{"family", key.family}, {"table", key.table}, {"chain", key.name}, {"expr", rule.expressions}});
            if (!rule.comment.empty()) entry.set("comment", rule.comment);
            items.push_back(Value::object({{"rule", std::move(entry)}}));
        }
    }
    return items;
}

std::string Ruleset::sha256() const {
    std::string text;
    for (const auto& item : listing()) text += write_json(item) + '\n';
    return sha256_hex(text);
}

void Ruleset::forget_elements(std::string_view where) {
    for (auto& [key, object] : objects) {
        if (key.rank != 1 || key.where() != where) continue;
        object.elements.clear();
        object.filled_by_rules = true;
    }
}

std::set<std::string> filled_by_rules(const Ruleset& ruleset) {
    std::set<std::string> filled;
    for (const auto& [key, object] : ruleset.objects) {
        std::set<std::string> names;
        for (const auto& rule : object.rules) note_filled(rule.expressions, names);
        for (const auto& name : names) filled.insert(key.family + ' ' + key.table + ' ' + name);
    }
    return filled;
}

Result<> RulesetReader::add(const Value& item) {
    const auto* members = item.object();
    if (members == nullptr || members->size() != 1)
        return Error{Errc::malformed, "must be an object with one member: " + std::string{listed_kinds}};
    const auto& [kind, body] = *members->begin();
    if (kind == "metainfo") return ok();
    if (std::ranges::find(kinds, kind) == kinds.end()) {
        std::string text = agent::quoted(kind, 40) + " is none of " + std::string{listed_kinds};
        const auto meant = nearest(kind, kinds);
        if (!meant.empty()) text += "; did you mean " + agent::quoted(meant) + "?";
        return Error{Errc::malformed, std::move(text)};
    }
    return kind == "rule" ? add_rule(body) : add_object(kind, body);
}

Result<> RulesetReader::add_rule(const Value& body) {
    AGENT_TRY(const auto members, Members::of(body, "rule"));
    AGENT_TRY(auto family, members.string("family"));
    AGENT_TRY(auto table, members.string("table"));
    AGENT_TRY(auto name, members.string("chain"));
    AGENT_TRY(const auto* expressions, members.array("expr"));
    const auto key = chain_key(std::move(family), std::move(table), std::move(name));
    const auto chain = ruleset_.objects.find(key);
    if (chain == ruleset_.objects.end())
        return Error{Errc::malformed, "rule: the chain " + agent::quoted(key.where()) + " is not declared above it"};
    FirewallRule rule;
    rule.expressions = normal_form(Value{*expressions});
    rule.identity = write_json(rule.expressions);
    if (members.find("comment") != nullptr) {
        AGENT_TRY(rule.comment, members.string("comment"));
    }
    chain->second.rules.push_back(std::move(rule));
    return ok();
}

Result<> RulesetReader::add_object(const std::string& kind, const Value& body) {
    AGENT_TRY(const auto members, Members::of(body, kind));
    AGENT_TRY(auto family, members.string("family"));
    AGENT_TRY(auto name, members.string("name"));
    FirewallKey key{std::move(family), name, 0, "table", {}};
    if (kind != "table") {
        AGENT_TRY(key.table, members.string("table"));
        if (ruleset_.find(key) == nullptr)
            return Error{Errc::malformed,
                         kind + ": the table " + agent::quoted(key.where()) + " is not declared above it"};
        key = {key.family, key.table, rank_of(kind), kind, std::move(name)};
    }
    if (ruleset_.find(key) != nullptr)
        return Error{Errc::malformed, kind + ' ' + agent::quoted(key.where()) + " is there a second time"};
    FirewallObject object;
    for (const auto& [member, value] : *body.object()) {
        if (member == "family" || member == "table" || member == "name" || member == "handle" || member == "elem")
            continue;
        const bool moves = (kind == "counter" && (member == "packets" || member == "bytes")) ||
                           (kind == "quota" && (member == "used" || member == "used_unit"));
        if (moves) continue;
        const auto wrapped = normal_form(Value::object({{member, value}}));
        object.attributes.set(member, wrapped.object()->begin()->second);
    }
    // One device is printed as a word or as a list, by version.
    if (const auto* device = object.attributes.find("dev"); device != nullptr && device->string() != nullptr)
        object.attributes.set("dev", Value::array({*device}));
    if (kind == "table") repair_table_flags(object.attributes);
    if (kind == "set" || kind == "map") {
        object.filled_by_rules = take_dynamic_flag(object.attributes);
        if (const auto* elements = body.find("elem")) read_elements(*elements, object);
    }
    ruleset_.objects.emplace(std::move(key), std::move(object));
    return ok();
}

Ruleset RulesetReader::finish() {
    const auto filled = agent::filled_by_rules(ruleset_);
    for (auto& [key, object] : ruleset_.objects) {
        if (key.kind != "set" && key.kind != "map") continue;
        object.filled_by_rules = object.filled_by_rules || filled.contains(key.where());
        if (object.filled_by_rules) object.elements.clear();
    }
    return std::move(ruleset_);
}

Result<Ruleset> read_ruleset(const Value::Array& items) {
    RulesetReader reader;
    for (const auto& item : items) {
        AGENT_TRY(reader.add(item));
    }
    return reader.finish();
}

Result<Ruleset> read_nft_output(std::string_view json) {
    AGENT_TRY(const auto output, in_context(parse_json(json, deepest), "what nft printed"));
    const auto* items = output.find("nftables");
    if (items == nullptr || items->array() == nullptr)
        return Error{Errc::malformed, "what nft printed: no list \"nftables\" in it"};
    return in_context(read_ruleset(*items->array()), "what nft printed");
}

}  // namespace agent
