// What stands on devices and in /proc about storage: LUKS headers, mounts, swaps.
#include "drift/encryption/luks2_metadata.hpp"
#include "drift/encryption/luks_header.hpp"
#include "drift/mount_table.hpp"
#include "fuzz/fuzz.hpp"

void agent::testing::fuzz(std::string_view input) {
    if (const auto size = luks_header_bytes(input.substr(0, luks_start_bytes)); size.has_value())
        must(size.value() > 0 && size.value() <= (std::size_t{1} << 30U), "a header has a length that can be read");
    static_cast<void>(parse_luks(input));
    static_cast<void>(parse_luks2_metadata(input));
    if (const auto mounts = parse_mountinfo(input); mounts.has_value())
        for (const auto& mount : mounts.value()) {
            must(mount.point.starts_with('/'), "a mount is at an absolute path");
            must(mount_at(mounts.value(), mount.point) != nullptr, "a mount is found where it is");
            static_cast<void>(storage_of(mount));
            static_cast<void>(why_unseen(mount));
        }
    if (const auto swaps = parse_swaps(input); swaps.has_value())
        for (const auto& swap : swaps.value()) must(swap.path.starts_with('/'), "swap is at an absolute path");
}
