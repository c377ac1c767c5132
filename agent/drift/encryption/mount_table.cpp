#include "drift/encryption/mount_table.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace agent {
namespace {

std::string_view take_until(std::string_view& text, char mark) {
    const auto taken = text.substr(0, text.find(mark));
    text.remove_prefix(std::min(text.size(), taken.size() + 1));
    return taken;
}

std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(" \t")));
    const auto word = text.substr(0, text.find_first_of(" \t"));
    text.remove_prefix(word.size());
    return word;
}

bool is_octal(std::string_view digits) {
    return digits.size() == 3 && std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '7'; });
}

// "a\040b" to "a b".
std::string unescaped(std::string_view text) {
    std::string plain;
    while (!text.empty()) {
        const auto digits = text.substr(std::min<std::size_t>(1, text.size()), 3);
        if (text.front() == '\\' && is_octal(digits)) {
            plain += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + (digits[2] - '0'));
            text.remove_prefix(4);
        } else {
            plain += text.front();
            text.remove_prefix(1);
        }
    }
    return plain;
}

bool is_device_number(std::string_view text) {
    const auto colon = text.find(':');
    return colon != std::string_view::npos && colon > 0 && colon + 1 < text.size() &&
           text.find_first_not_of("0123456789:") == std::string_view::npos && text.find(':', colon + 1) > text.size();
}

// 36 35 98:0 /of/the/filesystem /mount\040point rw,noatime master:1 - ext4 /dev/sda1 rw
std::optional<Mount> parse_mount(std::string_view line) {
    take_word(line);
    take_word(line);
    Mount mount;
    mount.device = take_word(line);
    take_word(line);
    mount.point = unescaped(take_word(line));
    for (auto word = take_word(line); word != "-"; word = take_word(line))
        if (word.empty()) return std::nullopt;
    mount.type = unescaped(take_word(line));
    mount.source = unescaped(take_word(line));
    if (!is_device_number(mount.device) || !mount.point.starts_with('/') || mount.type.empty()) return std::nullopt;
    return mount;
}

bool holds(std::string_view point, std::string_view path) {
    return point == "/" || path == point || (path.starts_with(point) && path.substr(point.size()).starts_with('/'));
}

template <std::size_t n>
bool is_one_of(std::string_view word, const std::array<std::string_view, n>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::array<std::string_view, 2> in_memory{"tmpfs", "ramfs"};
constexpr std::array<std::string_view, 9> elsewhere{"nfs", "nfs4",     "cifs",   "smb3",     "ceph",
                                                    "9p",  "virtiofs", "lustre", "glusterfs"};

}  // namespace

Result<std::vector<Mount>> parse_mountinfo(std::string_view text) {
    std::vector<Mount> mounts;
    while (!text.empty()) {
        const auto line = take_until(text, '\n');
        auto mount = parse_mount(line);
        if (!mount) return Error{Errc::malformed, "not a line of mountinfo: " + agent::quoted(line)};
        mounts.push_back(*std::move(mount));
    }
    if (mounts.empty()) return Error{Errc::malformed, "the list of mounts is empty"};
    return mounts;
}

const Mount* mount_at(const std::vector<Mount>& mounts, std::string_view point) {
    const Mount* last = nullptr;
    for (const auto& mount : mounts)
        if (mount.point == point) last = &mount;
    return last;
}

const Mount* mount_holding(const std::vector<Mount>& mounts, std::string_view path) {
    const Mount* nearest = nullptr;
    for (const auto& mount : mounts)
        if (holds(mount.point, path) && (nearest == nullptr || mount.point.size() >= nearest->point.size()))
            nearest = &mount;
    return nearest;
}

Result<std::vector<Swap>> parse_swaps(std::string_view text) {
    if (!take_until(text, '\n').starts_with("Filename"))
        return Error{Errc::malformed, "the list of swaps does not begin with its heading"};
    std::vector<Swap> swaps;
    while (!text.empty()) {
        auto line = take_until(text, '\n');
        Swap swap;
        swap.path = unescaped(take_word(line));
        const auto type = take_word(line);
        swap.is_file = type == "file";
        if (!swap.path.starts_with('/') || (type != "file" && type != "partition"))
            return Error{Errc::malformed, "not a line of the list of swaps: " + agent::quoted(swap.path)};
        swaps.push_back(std::move(swap));
    }
    return swaps;
}

Storage storage_of(const Mount& mount) {
    if (mount.type == "btrfs") return Storage::devices;
    if (is_one_of(mount.type, in_memory)) return Storage::memory;
    if (!mount.device.starts_with("0:")) return Storage::device;
    return Storage::unseen;
}

std::string why_unseen(const Mount& mount) {
    const std::string it = mount.point + " is of type " + agent::quoted(mount.type, 40);
    if (mount.type == "zfs") return it + ": encryption by ZFS itself is not looked at";
    if (mount.type == "overlay")
        return it + ": its layers lie in folders of other mounts; name those mounts in checks.encryption.mounts";
    if (mount.type == "ecryptfs" || mount.type.starts_with("fuse."))
        return it + ": encryption by a filesystem of its own is not looked at";
    if (is_one_of(mount.type, elsewhere)) return it + ": it lies on another machine and must be looked at there";
    return it + ", which has no block device that could be followed";
}

}  // namespace agent
