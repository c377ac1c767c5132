#pragma once
// What the baseline says of encryption at rest.
#include <cstdint>
#include <string>
#include <vector>

#include "drift/check.hpp"

namespace agent {

struct LuksLimits {
    std::int64_t version_least{2};  // LUKS1 knows no memory-hard derivation, and its header has no checksum
    std::vector<std::string> ciphers{"aes-xts-plain64"};
    std::int64_t key_bits_least{256};             // of the cipher; XTS has two keys, so its volume key is twice that
    std::int64_t argon2_memory_least{64 * 1024};  // KiB: the second choice of RFC 9106 section 4
    std::int64_t pbkdf2_iterations_least{600'000};
};

struct EncryptionBaseline {
    CheckSettings common;
    std::vector<std::string> mounts{"/"};  // mount points
    std::vector<std::string> volumes;      // by name of the mapping or UUID of the LUKS header
    bool swap{true};                       // whether swap must be encrypted
    LuksLimits luks;
};

}  // namespace agent
