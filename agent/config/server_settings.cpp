#include "config/server_settings.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/text.hpp"
#include "config/endpoint.hpp"
#include "config/sections.hpp"

namespace agent {
namespace {

using namespace std::chrono_literals;

void read_listen(MapReader& in, OrderServerSettings& out) {
    const auto text = in.text("listen");
    if (!text) return;
    auto endpoint = parse_listen(*text);
    if (endpoint.has_error()) return in.fault("listen", endpoint.error().message());
    out.listen_address = std::move(endpoint.value().host);
    out.listen_port = endpoint.value().port;
}

// SPIFFE-ID 2.1: lower-case letters, digits, dots, dashes and underscores.
bool is_trust_domain(std::string_view text) {
    constexpr std::size_t longest = 255;
    return text.size() <= longest && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
           });
}

void read_trust_domain(MapReader& in, OrderServerSettings& out) {
    in.require("trust_domain", "the domain in the spiffe:// names of hosts and operators");
    auto domain = in.text("trust_domain");
    if (!domain) return;
    if (!is_trust_domain(*domain))
        return in.fault("trust_domain", quoted(*domain, 64) + " is not of a-z 0-9 . - _, for example example.test");
    out.trust_domain = *std::move(domain);
}

void read_server(MapReader& in, OrderServerSettings& out, std::vector<NamedFile>& files) {
    read_listen(in, out);
    read_trust_domain(in, out);
    in_section(in, "tls", [&](MapReader& tls) {
        out.tls.ca_file = required_file(tls, "ca_file", FileDuty::trust_anchors, files);
        out.tls.cert_file = required_file(tls, "cert_file", FileDuty::certificate, files);
        out.tls.key_file = required_file(tls, "key_file", FileDuty::tls_key, files);
        read_min_tls(tls, out.tls.least);
    });
    assign(out.state_dir, in.path("state_dir"));
    out.receipt_key_file = out.state_dir / "receipt.key";
    read_file_name(in, "receipt_key_file", FileDuty::own_key, out.receipt_key_file, files);
    out.order_keys = read_key_list(in, "order_keys", files);
    in_section(in, "limits", [&](MapReader& limits) {
        assign(out.max_connections, limits.integer("max_connections", 1, 100'000));
        assign(out.phase_timeout, limits.duration("phase_timeout", 100ms, 10min));
    });
    in_section(in, "log", [&](MapReader& section) { read_log(section, out.log_level, out.log_target); });
    in.finish();
}

}  // namespace

OrderServerSettingsOutcome load_order_server_settings(const std::filesystem::path& file, FileChecks checks) {
    auto yaml = load_yaml(file);
    if (yaml.has_error()) return {std::nullopt, {yaml.error()}};

    OrderServerSettings settings;
    settings.file = file;
    Faults faults;
    std::vector<NamedFile> files;
    const auto& root = yaml.value().root;
    MapReader reader{file, root, {}, faults};
    if (root.kind == YamlNode::Kind::map || root.kind == YamlNode::Kind::null) read_server(reader, settings, files);

    if (checks != FileChecks::none) {
        for (auto& named : files) named.any_mode = true;
        check_files(file, files, faults);
        check_tls_files(file, files, TlsEnd::server, faults);
    }
    if (faults.empty()) return {std::move(settings), {}};
    sort_by_line(faults);
    return {std::nullopt, std::move(faults)};
}

}  // namespace agent
