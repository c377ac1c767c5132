#include "server/host_commands.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <tuple>

#include "async/system_time_source.hpp"
#include "base/text.hpp"
#include "codec/json.hpp"
#include "model/limits.hpp"
#include "server/exit_status.hpp"
#include "server/host_listing.hpp"
#include "server/server_store.hpp"
#include "server/settings_file.hpp"

namespace agent {
namespace {

int fail(int status, const std::string& text) {
    std::cerr << "compliance-server: " << text << '\n';
    return status;
}

struct ListedHost {
    HostLine line;
    std::vector<PublicKey> keys;
};

Result<std::vector<ListedHost>> read_hosts(Database& database) {
    HostRegistry hosts{database};
    EvidenceArchive evidence{database};
    AGENT_TRY(auto lines, list_hosts(hosts, evidence));
    std::vector<ListedHost> listed;
    for (auto& line : lines) {
        AGENT_TRY(auto keys, hosts.keys(line.host.site_id, line.host.host_id));
        listed.push_back({.line = std::move(line), .keys = std::move(keys)});
    }
    return listed;
}

void print_json(const std::vector<ListedHost>& hosts) {
    Value::Array items;
    for (const auto& host : hosts) {
        std::vector<std::string> ids;
        for (const auto& key : host.keys) ids.push_back(key.key_id().str());
        auto item = to_value(host.line);
        item.set("evidence_keys", Value::strings(ids));
        items.push_back(std::move(item));
    }
    std::cout << write_json_pretty(Value::object({{"items", std::move(items)}})) << '\n';
}

using Row = std::array<std::string, 6>;
constexpr std::size_t first_number = 3;  // from this column on, numbers, to the right

Row row_of(const HostLine& line) {
    constexpr std::size_t to_the_second = 19;
    const auto seen =
        line.host.last_seen ? format_rfc3339(*line.host.last_seen).substr(0, to_the_second) + "Z" : "never";
    return {line.host.site_id.str(),         line.host.host_id.str(),         seen, std::to_string(line.chain.sequence),
            std::to_string(line.chain.gaps), std::to_string(line.chain.forks)};
}

void print_table(const std::vector<ListedHost>& hosts) {
    if (hosts.empty()) {
        std::cout << "No hosts yet. Add one: compliance-server host add --site S --host H --evidence-key FILE\n";
        return;
    }
    std::vector<Row> rows{{"SITE", "HOST", "LAST SEEN", "SEQUENCE", "GAPS", "FORKS"}};
    for (const auto& host : hosts) rows.push_back(row_of(host.line));
    std::array<std::size_t, std::tuple_size_v<Row>> widths{};
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    for (const auto& row : rows) {
        std::string text;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string blank(widths[i] - row[i].size(), ' ');
            text += (i == 0 ? "" : "  ") + (i < first_number ? row[i] + blank : blank + row[i]);
        }
        std::cout << text << '\n';
    }
}

}  // namespace

int add_host(const std::filesystem::path& config, const HostAddition& addition) {
    for (const auto& [option, name] : {std::pair{"--site", &addition.site_id}, std::pair{"--host", &addition.host_id}})
        if (!is_name(*name, 1, limits::name_length))
            return fail(exit_status::usage,
                        std::string{option} + " takes 1 to 64 of A-Z a-z 0-9 . _ -, not " + agent::quoted(*name));
    const auto settings = settings_or_report(config);
    if (!settings) return exit_status::configuration;
    const auto key = PublicKey::load(addition.evidence_key);
    if (key.has_error()) return fail(exit_status::undetermined, key.error().message());
    auto database = open_server_store(settings->state_dir, OpenMode::create);
    if (database.has_error()) return fail(exit_status::undetermined, database.error().message());
    const SystemTimeSource time;
    const auto added = HostRegistry{database.value()}.add_key(SiteId{addition.site_id}, HostId{addition.host_id},
                                                              key.value(), time.wall_now());
    if (added.has_error()) return fail(exit_status::undetermined, added.error().message());
    std::cout << (added.value() ? "added " : "already there: ") << addition.host_id << " of " << addition.site_id
              << " with evidence key " << key.value().key_id().str() << '\n';
    return exit_status::fine;
}

int print_hosts(const std::filesystem::path& config, ListFormat format) {
    const auto settings = settings_or_report(config);
    if (!settings) return exit_status::configuration;
    auto database = open_server_store(settings->state_dir, OpenMode::existing);
    std::vector<ListedHost> hosts;
    if (database.has_value()) {
        auto read = read_hosts(database.value());
        if (read.has_error()) return fail(exit_status::undetermined, read.error().message());
        hosts = std::move(read).value();
    } else if (database.error().code() != Errc::not_found) {
        return fail(exit_status::undetermined, database.error().message());
    }
    switch (format) {
        case ListFormat::json: print_json(hosts); break;
        case ListFormat::table: print_table(hosts); break;
    }
    return exit_status::fine;
}

}  // namespace agent
