#include "drift/encryption/encryption_baseline.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "drift/catalogue.hpp"
#include "drift/encryption/encryption_check.hpp"

namespace agent {
namespace {

constexpr std::int64_t bits_most = 1024;
constexpr std::int64_t memory_most = 64LL * 1024 * 1024;
constexpr std::int64_t iterations_most = 1'000'000'000;

void read_luks(MapReader& reader, LuksLimits& luks) {
    const auto* node = reader.node("luks");
    if (node == nullptr) return;
    MapReader limits{reader.file(), *node, reader.key_of("luks"), reader.faults()};
    luks.version_least = limits.integer("least_version", 1, 2).value_or(luks.version_least);
    luks.ciphers = limits.texts("ciphers").value_or(luks.ciphers);
    luks.key_bits_least = limits.integer("key_bits", 0, bits_most).value_or(luks.key_bits_least);
    luks.argon2_memory_least = limits.integer("argon2_memory_kib", 0, memory_most).value_or(luks.argon2_memory_least);
    luks.pbkdf2_iterations_least =
        limits.integer("pbkdf2_iterations", 0, iterations_most).value_or(luks.pbkdf2_iterations_least);
    limits.finish();
}

}  // namespace

std::shared_ptr<const Check> read_encryption(MapReader& reader, CheckName name) {
    EncryptionBaseline encryption;
    encryption.common.name = std::move(name);
    encryption.common.controls = {{"164.312(a)(2)(iv)", "164.312(e)(2)(ii)"}, {"SC-28", "SC-13"}};
    encryption.common = read_settings(reader, std::move(encryption.common));
    encryption.mounts = reader.texts("mounts").value_or(encryption.mounts);
    for (const auto& mount : encryption.mounts)
        if (!mount.starts_with('/') || (mount.size() > 1 && mount.ends_with('/')))
            reader.fault("mounts", "a mount point is absolute and has no \"/\" at its end: " + agent::quoted(mount));
    encryption.volumes = reader.texts("volumes").value_or(encryption.volumes);
    encryption.swap = reader.boolean("swap").value_or(encryption.swap);
    read_luks(reader, encryption.luks);
    if (encryption.mounts.empty() && encryption.volumes.empty() && !encryption.swap)
        reader.fault("mounts", "nothing is left to look at; write `enabled: false` if that is meant");
    return std::make_shared<EncryptionCheck>(std::move(encryption), EncryptionHost{});
}

}  // namespace agent
