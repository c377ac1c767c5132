#pragma once
// Verification of an export, offline and on any machine: signatures, chain, receipts, and that the tail is there.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "crypto/ed25519.hpp"

namespace agent {

struct VerifyRequest {
    std::filesystem::path directory;
    std::vector<PublicKey> host_keys;
    std::vector<PublicKey> receipt_keys;  // empty: receipts are not looked into, and the account says so
    // What the server knows as the newest: proves that the tail is there.
    struct Head {
        std::int64_t sequence{};
        std::string sha256;
    };
    std::optional<Head> head;
};

struct EvidenceFault {
    std::string bundle;  // bundle id, or the path where there is none
    std::string what;    // "signature", "chain", "receipt", "file", "head"
    std::string why;
};

struct VerifyAccount {
    std::int64_t bundles{};
    std::int64_t verified{};
    std::int64_t receipts{};
    std::int64_t epochs{};
    std::int64_t first_sequence{};
    std::int64_t last_sequence{};
    std::vector<EvidenceFault> faults;  // empty: everything verifies
    std::vector<std::string> remarks;   // what was not looked at
};

// An error only where the folder cannot be read; everything else is a fault in the account. No bundles at all:
// `not_found`.
[[nodiscard]] Result<VerifyAccount> verify_evidence(const VerifyRequest& request);

}  // namespace agent
