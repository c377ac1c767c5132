#pragma once
// The files that a configuration names: are they there, may this user read them, do they hold what they should? Needs
// no network and no root.
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "codec/schema.hpp"
#include "crypto/tls_context.hpp"

namespace agent {

// What a command needs of the files that the configuration names. `all` is what the daemons and `config check` want:
// every file is there, readable, of its kind, key files closed to others. `operator_side`: only the server section's.
// `none`: the text alone (for commands that work offline).
enum class FileChecks : std::uint8_t { none, operator_side, all };

enum class FileDuty : std::uint8_t {
    trust_anchors,  // PEM certificates
    certificate,    // PEM, leaf first
    tls_key,        // PEM private key, closed to others
    public_key,     // Ed25519
    own_key,        // Ed25519 private key, closed to others; made at first start, so it may be missing
    text,           // may be missing where nobody names it and the default stands; so may a folder
    folder,
};

struct NamedFile {
    std::filesystem::path path;
    FileDuty duty{};
    std::string key;  // of the configuration
    int line{};       // 0 where the default stands
    bool any_mode{};  // of a private key: that others may read it is not a fault (the server warns when it starts)
};

// Whether a private key that this user may not read is a fault. An ordinary user looks at a daemon's configuration
// without its keys.
enum class ClosedKeys : std::uint8_t { are_faults, are_fine };

// A file that is there (or may be, behind a closed folder) and that this user, who is not root, may not read.
[[nodiscard]] bool is_closed_to_us(const std::filesystem::path& file);

// Adds a fault for each file that does not do its duty; `configuration` is the file that names them.
void check_files(const std::filesystem::path& configuration, const std::vector<NamedFile>& files, Faults& faults,
                 ClosedKeys closed = ClosedKeys::are_faults);

enum class TlsEnd : std::uint8_t { client, server };

// Whether those of `files` that are for TLS fit together: the key belongs to the certificate. After check_files: says
// nothing where one of them has a fault already, or is closed to us.
void check_tls_files(const std::filesystem::path& configuration, const std::vector<NamedFile>& files, TlsEnd end,
                     Faults& faults);

}  // namespace agent
