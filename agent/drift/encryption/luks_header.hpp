#pragma once
// The header of a LUKS device, as far as it says how strong the encryption is. Pure. Formats: LUKS On-Disk Format
// Specification 1.2.3 and LUKS2 On-Disk Format Specification 1.1.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace agent {

struct LuksKeyslot {
    std::string number;
    std::string derivation;     // "argon2id", "argon2i", "pbkdf2"
    std::int64_t cost{};        // iterations of pbkdf2, passes of argon2
    std::int64_t memory_kib{};  // of argon2
    // A token holds a random secret for it (TPM, FIDO2, recovery key): there is no passphrase to guess.
    std::string token;
    friend bool operator==(const LuksKeyslot&, const LuksKeyslot&) = default;
};

struct LuksHeader {
    int version{};
    std::string uuid;
    std::vector<std::string> ciphers;   // of the encrypted parts: "aes-xts-plain64"
    std::int64_t key_bits{};            // of the volume key, the smallest
    std::vector<LuksKeyslot> keyslots;  // that open it
    bool wholly_encrypted{true};        // false while it is being encrypted or decrypted in place
    friend bool operator==(const LuksHeader&, const LuksHeader&) = default;
};

// What must be read of a device to learn how long its header is.
inline constexpr std::size_t luks_start_bytes = 4096;
// How long the header at the start of a device is; `not_found` where there is none, `malformed` where it makes no
// sense.
[[nodiscard]] Result<std::size_t> luks_header_bytes(std::string_view start);
// `bytes` are the whole header. A LUKS2 header whose checksum is wrong is `corrupt`.
[[nodiscard]] Result<LuksHeader> parse_luks(std::string_view bytes);

}  // namespace agent
