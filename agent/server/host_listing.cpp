#include "server/host_listing.hpp"

namespace agent {

Result<std::vector<HostLine>> list_hosts(HostRegistry& hosts, EvidenceArchive& evidence) {
    AGENT_TRY(auto known, hosts.list());
    std::vector<HostLine> lines;
    for (auto& host : known) {
        AGENT_TRY(auto chain, evidence.chain(host.site_id, host.host_id));
        lines.push_back({.host = std::move(host), .chain = std::move(chain)});
    }
    return lines;
}

Value to_value(const HostLine& line) {
    const auto& chain = line.chain;
    return Value::object(
        {{"site_id", line.host.site_id.str()},
         {"host_id", line.host.host_id.str()},
         {"last_seen", line.host.last_seen ? Value{format_rfc3339(*line.host.last_seen)} : Value{}},
         {"chain", Value::object({{"epoch", chain.epoch ? Value{*chain.epoch} : Value{}},
                                  {"sequence", chain.sequence},
                                  {"head_sha256", chain.head_sha256 ? Value{*chain.head_sha256} : Value{}},
                                  {"gaps", chain.gaps},
                                  {"forks", chain.forks}})}});
}

}  // namespace agent
