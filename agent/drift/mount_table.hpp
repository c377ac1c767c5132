#pragma once
// What is mounted, and where the kernel swaps. Pure.
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace agent {

struct Mount {
    std::string device;  // "8:1"; of a filesystem without a device of its own "0:31"
    std::string point;
    std::string type;
    std::string source;
    std::set<std::string, std::less<>> options{};  // of the mount and of its filesystem; read-only where either is
    friend bool operator==(const Mount&, const Mount&) = default;
};

// /proc/self/mountinfo (proc(5)), with \040 and the like undone. `malformed` names the line.
[[nodiscard]] Result<std::vector<Mount>> parse_mountinfo(std::string_view text);

// What is mounted at `point`: the last one, since it hides those before. Null where nothing is.
[[nodiscard]] const Mount* mount_at(const std::vector<Mount>& mounts, std::string_view point);
// The mount that holds `path`, which is absolute.
[[nodiscard]] const Mount* mount_holding(const std::vector<Mount>& mounts, std::string_view path);

struct Swap {
    std::string path;
    bool is_file{};
    friend bool operator==(const Swap&, const Swap&) = default;
};

// /proc/swaps.
[[nodiscard]] Result<std::vector<Swap>> parse_swaps(std::string_view text);

// How a filesystem keeps what is in it.
enum class Storage : std::uint8_t {
    device,   // on the block device that its number names
    devices,  // on block devices that only its source names (btrfs)
    memory,   // nowhere at rest
    unseen,   // on another machine, or in a way that this check does not know
};
[[nodiscard]] Storage storage_of(const Mount& mount);
// Why what is on such a mount could not be followed, and what to do.
[[nodiscard]] std::string why_unseen(const Mount& mount);

}  // namespace agent
