#pragma once
// What the server knows of each host, for operators: GET /api/hosts and `host list`.
#include <vector>

#include "model/value.hpp"
#include "server/evidence_archive.hpp"
#include "server/host_registry.hpp"

namespace agent {

struct HostLine {
    KnownHost host;
    ChainState chain;
};
[[nodiscard]] Result<std::vector<HostLine>> list_hosts(HostRegistry& hosts, EvidenceArchive& evidence);

// One item of GET /api/hosts (PROTOCOL.md section 6).
[[nodiscard]] Value to_value(const HostLine& line);

}  // namespace agent
