#include "daemon/remarks.hpp"

#include <string_view>

#include "base/text.hpp"
#include "drift/check.hpp"

namespace agent {
namespace {

// The host does not know its trust domain: the certificate's own is as good as any.
std::optional<PeerIdentity> identity_in(const CertificateFacts& certificate) {
    constexpr std::string_view scheme = "spiffe://";
    if (certificate.uris.size() != 1) return std::nullopt;
    std::string_view uri = certificate.uris.front();
    if (!uri.starts_with(scheme)) return std::nullopt;
    uri.remove_prefix(scheme.size());
    return identity_of(certificate, uri.substr(0, uri.find('/')));
}

std::string place(std::string_view site, std::string_view host) {
    return "site " + std::string{site} + ", host " + std::string{host};
}

}  // namespace

std::optional<std::string> remark_on_identity(const AgentSettings& settings, const CertificateFacts& certificate) {
    const auto ours = place(settings.site_id.str(), settings.host_id.str());
    const auto begin =
        "server.cert_file: the client certificate " + settings.server.cert_file.string() + " speaks for ";
    const auto identity = identity_in(certificate);
    if (!identity) {
        std::string names;
        for (const auto& uri : certificate.uris) names += (names.empty() ? "" : ", ") + agent::quoted(uri);
        return begin + "no host or operator (its URI names: " + (names.empty() ? "none" : names) +
               "), and the configuration is of " + ours + "; the server will answer 403 unknown_identity";
    }
    if (!identity->is_host())
        return begin + "operator " + identity->operator_name + ", and the configuration is of " + ours +
               "; it is good for `order submit`, not for the daemon";
    if (identity->site_id == settings.site_id.str() && identity->host_id == settings.host_id.str()) return std::nullopt;
    return begin + place(identity->site_id, identity->host_id) + ", and the configuration is of " + ours +
           "; the server will answer 403 identity_mismatch";
}

std::vector<std::string> remarks_on_checks(const LoadedAgent& loaded) {
    std::vector<std::string> remarks;
    const auto& checks = loaded.baseline.checks;
    if (checks.empty())
        remarks.push_back("the baseline " + loaded.settings.checks.baseline.string() +
                          " enables no check: nothing is ever looked at");
    for (const auto& check : checks) {
        const auto& settings = check->settings();
        if (settings.runbook && loaded.runbooks.find(*settings.runbook) == nullptr &&
            loaded.runbooks.why_refused(*settings.runbook) == nullptr)  // that is told with its reason
            remarks.push_back("check " + settings.name.str() + " names runbook " + settings.runbook->str() +
                              ", which is not in " + loaded.settings.healing.runbooks.string());
    }
    for (const auto& runbook : loaded.runbooks.all()) {
        for (const auto& use : runbook->baseline_uses)
            if (const auto value = baseline_value(use, loaded.baseline); value.has_error())
                remarks.push_back("runbook " + runbook->id.str() + " can do nothing here: " + use.place + ": " +
                                  value.error().message());
        if (!runbook->repairs) continue;
        if (loaded.baseline.find(*runbook->repairs) == nullptr)
            remarks.push_back("runbook " + runbook->id.str() + " repairs check " + runbook->repairs->str() +
                              ", which this host's baseline does not have");
    }
    return remarks;
}

}  // namespace agent
