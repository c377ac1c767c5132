#include "healing/replace_tables.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "codec/json.hpp"
#include "drift/firewall/normal_form.hpp"

namespace agent {
namespace {

// The order in which the kernel must learn of them: chains before maps that jump to them, all before rules.
enum class Stage : std::uint8_t { table, chain, object, flowtable, set, element, rule };
using Staged = std::vector<std::pair<Stage, Value>>;

Stage stage_of(std::string_view kind) {
    if (kind == "table") return Stage::table;
    if (kind == "chain") return Stage::chain;
    if (kind == "flowtable") return Stage::flowtable;
    if (kind == "set" || kind == "map") return Stage::set;
    if (kind == "element") return Stage::element;
    return kind == "rule" ? Stage::rule : Stage::object;
}

Value command(const std::string& verb, const std::string& kind, Value body) {
    auto object = Value::object({{kind, std::move(body)}});
    return Value::object({{verb, std::move(object)}});
}

Value naming(const TableName& table) { return Value::object({{"family", table.family}, {"name", table.name}}); }

Value elements_command(const Value& family, const Value& table, const Value& name, Value elements) {
    auto body = Value::object({{"family", family}, {"table", table}, {"name", name}, {"elem", std::move(elements)}});
    return command("add", "element", std::move(body));
}

void name_dynamic(Value& set) {
    const auto* flags = set.find("flags");
    Value::Array all;
    if (flags != nullptr && flags->array() != nullptr) all = *flags->array();
    all.emplace_back("dynamic");
    set.set("flags", std::move(all));
}

// The commands that make one object of a listing.
void stage(const std::string& kind, Value body, const std::set<std::string>& dynamic, Staged& staged) {
    if (kind == "set" || kind == "map") {
        const auto family = *body.find("family");
        const auto table = *body.find("table");
        const auto name = *body.find("name");
        if (const auto* elements = body.find("elem")) {
            staged.emplace_back(Stage::element, elements_command(family, table, name, *elements));
            body.object()->erase("elem");
        }
        if (dynamic.contains(*family.string() + ' ' + *table.string() + ' ' + *name.string())) name_dynamic(body);
    }
    staged.emplace_back(stage_of(kind), command("add", kind, std::move(body)));
}

// A set or map of a listing by its name; nothing for any other object.
std::optional<FirewallKey> key_of_set(const std::string& kind, const Value& body) {
    if (kind != "set" && kind != "map") return std::nullopt;
    const auto* family = body.find("family");
    const auto* table = body.find("table");
    const auto* name = body.find("name");
    if (family == nullptr || table == nullptr || name == nullptr) return std::nullopt;
    return FirewallKey{*family->string(), *table->string(), 1, kind, *name->string()};
}

// The elements of a set as it is that its comparison leaves out.
Value::Array passing_elements(const Value& body, const FirewallObject& live, const FirewallObject& wanted) {
    Value::Array passing;
    const auto* elements = body.find("elem");
    if (elements == nullptr || elements->array() == nullptr) return passing;
    const bool all_pass = live.filled_by_rules || wanted.filled_by_rules;
    for (const auto& element : *elements->array())
        if (all_pass || !live.elements.contains(agent::text_of(normal_form(element)))) passing.push_back(element);
    return passing;
}

}  // namespace

Value::Array carry_over(const FirewallListing& live, const Ruleset& wanted, const std::vector<TableName>& tables) {
    Value::Array commands;
    for (const auto& item : live.items) {
        const auto& [kind, body] = *item.object()->begin();
        const auto key = key_of_set(kind, body);
        if (!key || std::ranges::find(tables, TableName{key->family, key->table}) == tables.end()) continue;
        const auto* before = live.ruleset.find(*key);
        const auto* after = wanted.find(*key);
        // Elements of another type would not fit.
        if (before == nullptr || after == nullptr || before->attributes != after->attributes) continue;
        auto passing = passing_elements(body, *before, *after);
        if (passing.empty()) continue;
        commands.push_back(elements_command(key->family, key->table, key->name, std::move(passing)));
    }
    return commands;
}

NftCommands replace_tables(const Ruleset& approved, const FirewallListing& live, const std::vector<TableName>& tables,
                           DynamicFlag flag) {
    Value::Array commands;
    Staged staged;
    for (const auto& table : tables) {
        // Made where it is not there, so that it can be deleted.
        commands.push_back(command("add", "table", naming(table)));
        commands.push_back(command("delete", "table", naming(table)));
        const auto part = part_of(approved, table);
        const auto dynamic = flag == DynamicFlag::named ? filled_by_rules(part) : std::set<std::string>{};
        for (const auto& item : part.listing()) {
            const auto& [kind, body] = *item.object()->begin();
            stage(kind, body, dynamic, staged);
        }
    }
    for (auto& elements : carry_over(live, approved, tables)) staged.emplace_back(Stage::element, std::move(elements));
    std::ranges::stable_sort(staged, {}, &Staged::value_type::first);
    for (auto& [stage, made] : staged) commands.push_back(std::move(made));
    return commands_of(std::move(commands));
}

NftCommands commands_of(Value::Array commands) {
    return {NftCommands::Language::json, write_json(Value::object({{"nftables", std::move(commands)}}))};
}

std::string make_room_for(const std::vector<TableName>& tables) {
    std::string text;
    for (const auto& table : tables) text += "table " + table.words() + " { }; delete table " + table.words() + "; ";
    return text;
}

}  // namespace agent
