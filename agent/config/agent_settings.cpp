#include "config/agent_settings.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/text.hpp"
#include "config/endpoint.hpp"
#include "config/sections.hpp"
#include "model/limits.hpp"

namespace agent {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

std::optional<std::string> read_name(MapReader& in, std::string_view name) {
    auto text = in.text(name);
    if (!text || is_name(*text, 1, limits::name_length)) return text;
    in.fault(name, quoted(*text, limits::name_length) + " is not 1 to 64 of A-Z a-z 0-9 . _ -");
    return std::nullopt;
}

void read_identity(MapReader& in, AgentSettings& out, std::string_view default_host_id) {
    if (auto site = read_name(in, "site_id")) out.site_id = SiteId{*std::move(site)};
    in.require("site_id", "the name of this site, as the order server knows it");

    const auto* host_node = in.node("host_id");
    if (auto host = read_name(in, "host_id")) out.host_id = HostId{*std::move(host)};
    if (host_node == nullptr || host_node->kind == YamlNode::Kind::null) {
        out.host_id = HostId{std::string{default_host_id}};
        if (!is_name(default_host_id, 1, limits::name_length))
            in.fault("host_id", "missing, and the host's name " + quoted(default_host_id, limits::name_length) +
                                    " cannot stand for it: it is not 1 to 64 of A-Z a-z 0-9 . _ -");
    }

    if (const auto mode = in.one_of("deployment_mode", {"direct", "reseller"}))
        out.deployment_mode = *parse_word<DeploymentMode>(*mode);
    out.reseller_id = read_name(in, "reseller_id");
    const auto* reseller = in.node("reseller_id");
    const bool given = reseller != nullptr && reseller->kind != YamlNode::Kind::null;
    if (out.deployment_mode == DeploymentMode::reseller && !given)
        in.fault("deployment_mode", "reseller needs the key reseller_id, which is missing");
    if (out.deployment_mode == DeploymentMode::direct && given)
        in.fault("reseller_id", "has a meaning only with deployment_mode: reseller");
}

void read_backoff(MapReader& in, ServerSettings& out) {
    assign(out.backoff_base, in.duration("base", 10ms, 1h));
    assign(out.backoff_cap, in.duration("cap", 10ms, days{1}));
    if (out.backoff_cap < out.backoff_base)
        in.fault("cap", format_duration(out.backoff_cap) + " is less than base, " + format_duration(out.backoff_base));
}

// An operator needs no receipt keys, so they are among the files that only the daemon looks at.
void read_receipt_keys(MapReader& in, ServerSettings& out, std::vector<NamedFile>& daemon_files) {
    const auto* keys = in.node("receipt_keys");
    if (keys == nullptr || keys->kind == YamlNode::Kind::null) {
        for (const auto& file : out.receipt_keys)
            daemon_files.push_back({file, FileDuty::public_key, in.key_of("receipt_keys"), 0});
        return;
    }
    out.receipt_keys = read_key_list(in, "receipt_keys", daemon_files);
    if (keys->kind == YamlNode::Kind::sequence && keys->items.empty())
        in.fault("receipt_keys", "at least one is needed: without receipts no evidence counts as sent");
}

void read_server(MapReader& in, ServerSettings& out, std::vector<NamedFile>& files,
                 std::vector<NamedFile>& daemon_files) {
    if (auto url = in.text("url")) {
        auto endpoint = parse_server_url(*url);
        if (endpoint.has_error()) {
            in.fault("url", endpoint.error().message());
        } else {
            if (url->ends_with('/')) url->pop_back();
            out.url = *std::move(url);
            out.host = std::move(endpoint.value().host);
            out.port = endpoint.value().port;
        }
    }
    in.require("url", "the order server, for example https://orders.example.com:8443");
    read_file_name(in, "ca_file", FileDuty::trust_anchors, out.ca_file, files);
    read_file_name(in, "cert_file", FileDuty::certificate, out.cert_file, files);
    read_file_name(in, "key_file", FileDuty::tls_key, out.key_file, files);
    read_receipt_keys(in, out, daemon_files);

    assign(out.poll_interval, in.duration("poll_interval", 100ms, days{7}));
    assign(out.long_poll, in.duration("long_poll", 0s, limits::long_poll_most));
    assign(out.timeout, in.duration("timeout", 100ms, 10min));
    read_min_tls(in, out.min_tls);
    if (auto proxy = in.text("proxy")) {
        // The value may hold a password: no message repeats it.
        const auto endpoint = parse_proxy_url(*proxy);
        if (endpoint.has_error())
            in.fault("proxy", endpoint.error().message());
        else
            out.proxy = std::move(proxy);
    }
    assign(out.no_proxy, in.texts("no_proxy"));
    in_section(in, "backoff", [&](MapReader& backoff) { read_backoff(backoff, out); });
}

bool is_runbook_pattern(std::string_view text) {
    constexpr std::string_view prefix = "RB-";
    return text == "*" ||
           (text.starts_with(prefix) && text.size() > prefix.size() && text.size() <= limits::runbook_id_length &&
            std::all_of(text.begin(), text.end(),
                        [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; }));
}

void read_runbook_patterns(MapReader& in, std::vector<std::string>& out) {
    auto patterns = in.texts("runbooks");
    if (!patterns) return;
    if (patterns->empty()) in.fault("runbooks", "names none, so the key could order nothing; write [\"*\"] for all");
    for (const auto& pattern : *patterns)
        if (!is_runbook_pattern(pattern))
            in.fault("runbooks", quoted(pattern, limits::runbook_id_length) +
                                     " is neither a runbook id (RB- and A-Z 0-9 -) nor \"*\" for all");
    out = *std::move(patterns);
}

std::optional<WallTime> read_time(MapReader& in, std::string_view name) {
    const auto text = in.text(name);
    if (!text) return std::nullopt;
    auto time = parse_rfc3339(*text);
    if (time.has_value()) return time.value();
    in.fault(name, quoted(*text, 64) + " is " + time.error().message());
    return std::nullopt;
}

OrderKeySettings read_order_key(MapReader& in, std::vector<NamedFile>& files) {
    OrderKeySettings key;
    key.file = required_file(in, "file", FileDuty::public_key, files);
    key.line = line_of(in, "file");
    read_runbook_patterns(in, key.runbooks);
    key.not_before = read_time(in, "not_before");
    key.not_after = read_time(in, "not_after");
    if (key.not_before && key.not_after && *key.not_before > *key.not_after)
        in.fault("not_after", "is before not_before, so the key would never be valid");
    return key;
}

void read_orders(MapReader& in, OrderSettings& out, std::vector<NamedFile>& files) {
    const auto* keys = in.node("keys");
    if (keys != nullptr && keys->kind == YamlNode::Kind::sequence) {
        for (std::size_t i = 0; i < keys->items.size(); ++i) {
            const auto& item = keys->items[i];
            MapReader entry{in.file(), item, in.key_of("keys") + '[' + std::to_string(i) + ']', in.faults()};
            if (item.kind != YamlNode::Kind::map && item.kind != YamlNode::Kind::null) continue;
            out.keys.push_back(read_order_key(entry, files));
            entry.finish();
        }
    } else if (keys != nullptr && keys->kind != YamlNode::Kind::null) {
        in.fault("keys", "must be a list, each item {file: FILE}");
    }
    // Without keys no order is ever accepted, whatever the threshold.
    constexpr std::int64_t most_keys = 1000;
    const bool some = keys != nullptr && !keys->items.empty();
    const auto count = some ? static_cast<std::int64_t>(keys->items.size()) : most_keys;
    if (const auto threshold = in.integer("threshold", 1, most_keys)) {
        out.threshold = *threshold;
        if (*threshold > count)
            in.fault("threshold", std::to_string(*threshold) + " is more than the number of keys, " +
                                      std::to_string(count) + ", so no order could ever be accepted");
    }
    assign(out.max_ttl, in.duration("max_ttl", std::chrono::seconds{limits::ttl_least_seconds}, days{30}));
}

void read_evidence(MapReader& in, EvidenceSettings& out, std::vector<NamedFile>& files) {
    read_file_name(in, "key_file", FileDuty::own_key, out.key_file, files);
    assign(out.heartbeat, in.duration("heartbeat", 1s, days{365}));
    in_section(in, "retention", [&](MapReader& retention) {
        assign(out.keep_bundles, retention.integer("bundles", 1, 1'000'000'000));
        assign(out.keep_days, retention.integer("days", 1, 36'500));
    });
}

void read_checks(MapReader& in, CheckRunSettings& out, std::vector<NamedFile>& files) {
    assign(out.interval, in.duration("interval", 1s, days{365}));
    assign(out.timeout, in.duration("timeout", 100ms, days{1}));
    read_file_name(in, "baseline", FileDuty::text, out.baseline, files);
}

// One without the other would pass for a protection that is not there.
void read_catalogue(MapReader& in, HealingSettings& out, std::vector<NamedFile>& files) {
    out.catalogue = in.path("catalogue");
    out.catalogue_line = line_of(in, "catalogue");
    out.catalogue_keys = read_key_list(in, "catalogue_keys", files);
    const auto* node = in.node("catalogue");
    const bool given = node != nullptr && node->kind != YamlNode::Kind::null;
    if (given && out.catalogue_keys.empty())
        in.fault("catalogue", "needs the key catalogue_keys: the public keys of which one must have signed it");
    if (!given && !out.catalogue_keys.empty())
        in.fault("catalogue_keys", "has a meaning only with the key catalogue, which is missing");
}

// Exact paths: what is compared as text must have one form only.
void read_commands(MapReader& in, std::vector<std::string>& out) {
    auto commands = in.texts("commands");
    if (!commands) return;
    for (const auto& command : *commands) {
        const std::filesystem::path path{command};
        if (command == "*") continue;
        if (command.find_first_of("*?") != std::string::npos)
            in.fault("commands", agent::quoted(command) + " is a pattern; name each program, or write \"*\" for all");
        else if (!path.is_absolute() || !path.has_filename() || path.lexically_normal().native() != command)
            in.fault("commands", agent::quoted(command) +
                                     " is neither the absolute path of a program, in its plainest form, nor " +
                                     "\"*\" for all");
    }
    out = *std::move(commands);
}

void read_healing(MapReader& in, HealingSettings& out, std::vector<NamedFile>& files) {
    if (const auto mode = in.one_of("mode", {"off", "dry_run", "enforce"})) out.mode = *parse_word<HealingMode>(*mode);
    read_file_name(in, "runbooks", FileDuty::folder, out.runbooks, files);
    read_catalogue(in, out, files);
    read_commands(in, out.commands);
    out.maintenance_window_line = line_of(in, "maintenance_window");
    auto window = in.text("maintenance_window");
    const bool given = out.maintenance_window_line != 0;  // null is given too: always
    if (given) out.maintenance_window = std::move(window);
    assign(out.cooldown, in.duration("cooldown", 0s, days{30}));
    assign(out.max_per_day, in.integer("max_per_day", 0, 10'000));
}

void read_agent(MapReader& in, AgentSettings& out, std::vector<NamedFile>& server_files,
                std::vector<NamedFile>& other_files, std::string_view default_host_id) {
    read_identity(in, out, default_host_id);
    assign(out.state_dir, in.path("state_dir"));
    assign(out.policy_version, in.text("policy_version"));
    in_section(in, "server", [&](MapReader& section) { read_server(section, out.server, server_files, other_files); });
    in_section(in, "orders", [&](MapReader& section) { read_orders(section, out.orders, other_files); });
    out.evidence.key_file = out.state_dir / "evidence.key";
    in_section(in, "evidence", [&](MapReader& section) { read_evidence(section, out.evidence, other_files); });
    in_section(in, "checks", [&](MapReader& section) { read_checks(section, out.checks, other_files); });
    in_section(in, "healing", [&](MapReader& section) { read_healing(section, out.healing, other_files); });
    in_section(in, "log", [&](MapReader& section) { read_log(section, out.log.level, out.log.target); });
    in.finish();
}

}  // namespace

AgentSettingsOutcome load_agent_settings(const std::filesystem::path& file, FileChecks checks,
                                         std::string_view default_host_id) {
    auto yaml = load_yaml(file);
    if (yaml.has_error()) return {std::nullopt, {yaml.error()}};

    AgentSettings settings;
    settings.file = file;
    Faults faults;
    std::vector<NamedFile> server_files;
    std::vector<NamedFile> other_files;
    const auto& root = yaml.value().root;
    MapReader reader{file, root, {}, faults};
    if (root.kind == YamlNode::Kind::map || root.kind == YamlNode::Kind::null)
        read_agent(reader, settings, server_files, other_files, default_host_id);

    if (checks != FileChecks::none) {
        // An operator's calls need the key; what looks at the daemon's configuration does not.
        check_files(file, server_files, faults,
                    checks == FileChecks::all ? ClosedKeys::are_fine : ClosedKeys::are_faults);
        check_tls_files(file, server_files, TlsEnd::client, faults);
    }
    if (checks == FileChecks::all) check_files(file, other_files, faults, ClosedKeys::are_fine);

    if (faults.empty()) return {std::move(settings), {}};
    sort_by_line(faults);
    return {std::nullopt, std::move(faults)};
}

Faults closed_keys_of(const AgentSettings& settings) {
    Faults faults;
    const auto look = [&](const char* key, const std::filesystem::path& file) {
        if (is_closed_to_us(file))
            faults.push_back({settings.file.string(), 0, key,
                              file.string() + ": this user may not read it (permission denied on the file or a folder "
                                              "above it)"});
    };
    look("server.key_file", settings.server.key_file);
    look("evidence.key_file", settings.evidence.key_file);
    return faults;
}

}  // namespace agent
