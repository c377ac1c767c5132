#pragma once
#include <openssl/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace agent {

// The parts of an X.509 certificate that decide something or that people want named.
struct CertificateFacts {
    std::string subject;  // RFC 2253
    std::string issuer;
    WallTime not_before;
    WallTime not_after;
    std::vector<std::string> uris;   // URI SANs
    std::vector<std::string> names;  // DNS and IP SANs
};

[[nodiscard]] CertificateFacts facts_of(const X509* certificate);
// The first certificate of a PEM file.
[[nodiscard]] Result<CertificateFacts> load_certificate(const std::filesystem::path& file);

// Who a certificate speaks for (PROTOCOL.md section 1).
struct PeerIdentity {
    std::string trust_domain;
    // A host has site and host; an operator has a name.
    std::string site_id;
    std::string host_id;
    std::string operator_name;
    [[nodiscard]] bool is_host() const noexcept { return !host_id.empty(); }
};
// Nothing unless there is exactly one URI SAN and it has the form of PROTOCOL.md section 1 in `trust_domain`.
[[nodiscard]] std::optional<PeerIdentity> identity_of(const CertificateFacts& facts, std::string_view trust_domain);

}  // namespace agent
