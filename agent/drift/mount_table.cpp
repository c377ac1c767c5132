#include "drift/mount_table.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "drift/fields.hpp"

namespace agent {
namespace {

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

// proc(5): 36 35 98:0 /of/the/filesystem /mount\040point rw,noatime master:1 - ext4 /dev/sda1 rw. A source may be
// empty.
std::optional<Mount> parse_mount(std::string_view line) {
    constexpr std::size_t device_field = 2;
    constexpr std::size_t point_field = 4;
    constexpr std::size_t options_field = 5;
    constexpr std::ptrdiff_t fields_after_dash = 3;  // type, source, options of the filesystem
    const auto fields = fields_of(line, ' ');
    if (fields.size() <= options_field) return std::nullopt;
    const auto dash = std::find(fields.begin() + options_field, fields.end(), "-");
    if (fields.end() - dash <= fields_after_dash) return std::nullopt;
    Mount mount;
    mount.device = fields[device_field];
    mount.point = unescaped(fields[point_field]);
    mount.type = unescaped(dash[1]);
    mount.source = unescaped(dash[2]);
    for (const auto list : {fields[options_field], dash[3]})
        for (const auto option : fields_of(list, ',')) mount.options.emplace(option);
    if (mount.options.contains("ro")) mount.options.erase("rw");
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
    for (const auto line : fields_of(text, '\n')) {
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
    const auto lines = fields_of(text, '\n');
    if (lines.empty() || !lines.front().starts_with("Filename"))
        return Error{Errc::malformed, "the list of swaps does not begin with its heading"};
    std::vector<Swap> swaps;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const auto words = words_of(lines[i]);
        const auto type = words.size() > 1 ? words[1] : std::string_view{};
        if (!lines[i].starts_with('/') || (type != "file" && type != "partition"))
            return Error{Errc::malformed, "not a line of the list of swaps: " + agent::quoted(lines[i])};
        swaps.push_back({unescaped(words[0]), type == "file"});
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
