#include "healing/saved_tables.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "codec/members.hpp"
#include "healing/actions.hpp"
#include "healing/replace_tables.hpp"

namespace agent {
namespace {

constexpr std::size_t saved_tables_most = 1024UL * 1024UL;

Error too_large() {
    return Error{Errc::refused,
                 "the tables of the packet filter that would be replaced have over 1 MiB: too large to be kept for an "
                 "undo; replace them by hand"};
}

Result<SavedTables> read_saved_members(const Value& saved) {
    AGENT_TRY(const auto members, Members::of(saved, "saved"));
    SavedTables read;
    AGENT_TRY(const auto* state, members.required("state"));
    read.state = *state;
    AGENT_TRY(const auto* sets, members.array("dynamic_sets"));
    for (const auto& set : *sets)
        if (const auto* name = set.string()) read.dynamic_sets.push_back(*name);
    AGENT_TRY(const auto* tables, members.array("tables"));
    for (const auto& item : *tables) {
        AGENT_TRY(const auto table, Members::of(item, "table"));
        SavedTable one;
        AGENT_TRY(one.name.family, table.string("family"));
        AGENT_TRY(one.name.name, table.string("name"));
        AGENT_TRY(one.text, table.string_or_null("text"));
        read.tables.push_back(std::move(one));
    }
    return read;
}

std::string join_names(const std::vector<TableName>& tables) {
    std::string text;
    for (const auto& table : tables) text += (text.empty() ? "" : ", ") + table.words();
    return text;
}

std::string describe_tables_undo(const Value& saved) {
    const auto tables = read_saved_tables(saved);
    if (tables.has_error()) return tables.error().message();
    return "put back the former tables of the packet filter: " + join_names(tables.value().names());
}

// The tables that are not as they were, as they were.
NftCommands former_tables(const SavedTables& saved, const Ruleset& live) {
    std::vector<TableName> changed;
    std::string texts;
    for (const auto& table : saved.tables) {
        const auto* before = saved.state.find("tables");
        const auto now = state_of_tables(live, {table.name});
        const auto* former = before == nullptr ? nullptr : before->find(table.name.words());
        if (former != nullptr && *former == *now.find("tables")->find(table.name.words())) continue;
        changed.push_back(table.name);
        if (table.text) texts += *table.text + '\n';
    }
    if (changed.empty()) return {};
    return {NftCommands::Language::nft, make_room_for(changed) + texts};
}

// Bans of the meantime. What was asked for is done without them, so that they cannot be kept is no failure.
Task<> bring_along(ProcessRunner& processes, FirewallListing before, FirewallListing after,
                   std::vector<TableName> tables) {
    auto commands = carry_over(before, after.ruleset, tables);
    if (commands.empty()) co_return ok();
    auto added = co_await carry_out(processes, commands_of(std::move(commands)));
    if (added.has_error())
        log_warning("elements that sets had got meanwhile could not be kept: " + added.error().message());
    co_return ok();
}

Task<Value> put_tables_back(const ActionTools& tools, Value saved) {
    AGENT_CO_TRY(const auto former, read_saved_tables(saved));
    const auto names = former.names();
    auto looked = co_await list_firewall(tools.processes, former.dynamic_sets);
    AGENT_CO_TRY(const auto live, std::move(looked));
    auto commands = former_tables(former, live.ruleset);
    if (commands.text.empty()) co_return state_of_tables(live.ruleset, names);
    auto done = co_await carry_out(tools.processes, std::move(commands));
    AGENT_CO_TRY(std::move(done));
    auto again = co_await list_firewall(tools.processes, former.dynamic_sets);
    AGENT_CO_TRY(const auto after, std::move(again));
    auto brought = co_await bring_along(tools.processes, live, after, names);
    AGENT_CO_TRY(std::move(brought));
    co_return state_of_tables(after.ruleset, names);
}

// In the kernel's order, so that chains of one priority are asked in the same order again; those not there come last.
std::vector<TableName> in_order_of(const FirewallListing& live, std::vector<TableName> tables) {
    auto next = tables.begin();
    for (const auto& item : live.items) {
        const auto* table = item.find("table");
        if (table == nullptr) continue;
        const TableName name{*table->find("family")->string(), *table->find("name")->string()};
        const auto found = std::find(next, tables.end(), name);
        if (found != tables.end()) std::rotate(next++, found, found + 1);
    }
    return tables;
}

}  // namespace

const Undo undo_of_tables{&describe_tables_undo, &put_tables_back};

std::vector<TableName> SavedTables::names() const {
    std::vector<TableName> names;
    for (const auto& table : tables) names.push_back(table.name);
    return names;
}

Result<SavedTables> read_saved_tables(const Value& saved) {
    auto read = read_saved_members(saved);
    if (read.has_error())
        return Error{Errc::corrupt, "what was kept of the packet filter before it was changed cannot be read: " +
                                        read.error().message()};
    return read;
}

std::optional<TableName> find_extended(const Ruleset& ruleset, const std::vector<TableName>& tables) {
    const auto is_extension = [](const Value& statement) { return statement.find("xt") != nullptr; };
    for (const auto& table : tables) {
        const auto part = part_of(ruleset, table);
        for (const auto& [key, object] : part.objects)
            for (const auto& rule : object.rules)
                if (std::ranges::any_of(*rule.expressions.array(), is_extension)) return table;
    }
    return std::nullopt;
}

Task<Value> save_tables(ProcessRunner& processes, std::vector<TableName> tables,
                        std::vector<std::string> dynamic_sets) {
    auto looked = co_await list_firewall(processes, dynamic_sets);
    AGENT_CO_TRY(const auto live, std::move(looked));
    if (const auto extended = find_extended(live.ruleset, tables))
        co_return Error{Errc::refused, "table " + extended->words() +
                                           " holds rules of iptables whose extensions nft cannot put back should this "
                                           "have to be undone; remove them with iptables"};
    tables = in_order_of(live, std::move(tables));
    Value::Array texts;
    auto all = make_room_for(tables);
    for (const auto& table : tables) {
        auto saved = Value::object({{"family", table.family}, {"name", table.name}, {"text", Value{}}});
        if (!part_of(live.ruleset, table).empty()) {
            auto printed = co_await print_table(processes, table);
            AGENT_CO_TRY(auto text, std::move(printed));
            all += text + '\n';
            saved.set("text", std::move(text));
        }
        texts.push_back(std::move(saved));
    }
    if (all.size() > saved_tables_most) co_return too_large();
    NftCommands undo{NftCommands::Language::nft, std::move(all)};
    auto tried = co_await try_out(processes, std::move(undo));
    if (tried.has_error()) co_return std::move(tried).error().in_context("this could not be undone");
    Value saved;
    saved.set("tables", std::move(texts));
    saved.set("dynamic_sets", Value::strings(dynamic_sets));
    saved.set("state", state_of_tables(live.ruleset, tables));
    co_return saved;
}

}  // namespace agent
