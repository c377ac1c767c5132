#include "drift/encryption/block_stack.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "host/access.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

// A real stack has some five layers (LVM on LUKS on RAID on a partition on a disk).
constexpr int layers_most = 16;
constexpr std::size_t members_most = 4096;
constexpr std::size_t attribute_most = 4096;

// The value of a file of sysfs; empty where there is none.
Result<std::string> attribute(const std::filesystem::path& file) {
    auto text = read_file(file, attribute_most);
    if (text.has_error() && text.error().code() == Errc::not_found) return std::string{};
    AGENT_TRY(auto value, std::move(text));
    if (const auto end = value.find('\n'); end != std::string::npos) value.resize(end);
    return value;
}

Result<std::vector<std::string>> entries_of(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    std::error_code failed;
    std::filesystem::directory_iterator entries{folder, failed};
    for (; !failed && entries != std::filesystem::directory_iterator{}; entries.increment(failed)) {
        names.push_back(entries->path().filename().native());
        if (names.size() > members_most)
            return Error{Errc::malformed,
                         folder.native() + " has more than " + std::to_string(members_most) + " entries"};
    }
    if (failed) return file_error(failed.value(), "read", folder);
    std::sort(names.begin(), names.end());
    return names;
}

Result<std::filesystem::path> real_path(const std::filesystem::path& path) {
    std::error_code failed;
    auto real = std::filesystem::canonical(path, failed);
    if (failed) return file_error(failed.value(), "search", path);
    return real;
}

bool is_there(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

bool is_ram_disk(std::string_view name) {
    return name.starts_with("ram") && name.find_first_not_of("0123456789", 3) == std::string_view::npos;
}

}  // namespace

Result<std::vector<std::string>> BlockTree::names_below(const std::string& name) const {
    const auto entry = sys_ / "class/block" / name;
    if (is_there(entry / "partition")) {
        AGENT_TRY(const auto real, real_path(entry));
        return std::vector{real.parent_path().filename().native()};
    }
    if (!is_there(entry / "slaves")) return std::vector<std::string>{};
    return entries_of(entry / "slaves");
}

Result<BlockDevice> BlockTree::read(const std::string& name, int depth) const {
    if (depth > layers_most)
        return Error{Errc::malformed,
                     "more than " + std::to_string(layers_most) + " layers under " + agent::quoted(name, 64)};
    const auto entry = sys_ / "class/block" / name;
    if (!is_there(entry)) return Error{Errc::not_found, "no such block device: " + entry.native()};
    BlockDevice device;
    device.name = name;
    AGENT_TRY(device.mapping, attribute(entry / "dm/name"));
    AGENT_TRY(device.dm_uuid, attribute(entry / "dm/uuid"));
    AGENT_TRY(const auto names, names_below(name));
    for (const auto& lower : names) {
        AGENT_TRY(auto below, read(lower, depth + 1));
        device.below.push_back(std::move(below));
    }
    if (is_there(entry / "loop/backing_file")) {
        AGENT_TRY(const auto file, attribute(entry / "loop/backing_file"));
        AGENT_TRY(device.below, in_context(under_file(file, depth + 1), name));
    }
    if (name.starts_with("zram")) {
        AGENT_TRY(const auto backing, attribute(entry / "backing_dev"));
        device.in_memory = backing.empty() || backing == "none";
        if (device.in_memory) return device;
        AGENT_TRY(auto below, at(backing, depth + 1));
        device.below.push_back(std::move(below));
    }
    device.in_memory = is_ram_disk(name);
    return device;
}

Result<BlockDevice> BlockTree::at(const std::string& path, int depth) const {
    // As the test trees have it, and as /dev itself has it: links resolved, the last component is the kernel's name,
    // unless a node of that mapping's own name was made.
    const auto relative = std::filesystem::path{path}.lexically_relative("/dev");
    const auto inside = dev_ / relative;
    std::error_code ignored;
    const auto real = std::filesystem::canonical(inside, ignored);
    auto name = (ignored ? inside : real).filename().native();
    if (is_there(sys_ / "class/block" / name)) return read(name, depth);
    AGENT_TRY(const auto all, entries_of(sys_ / "class/block"));
    for (const auto& other : all) {
        AGENT_TRY(const auto mapping, attribute(sys_ / "class/block" / other / "dm/name"));
        if (!mapping.empty() && mapping == name) return read(other, depth);
    }
    return Error{Errc::not_found, "no block device is known for " + agent::quoted(path)};
}

Result<std::vector<BlockDevice>> BlockTree::of_btrfs(const Mount& mount, int depth) const {
    AGENT_TRY(const auto device, at(mount.source, depth));
    AGENT_TRY(const auto filesystems, entries_of(sys_ / "fs/btrfs"));
    for (const auto& filesystem : filesystems) {
        const auto folder = sys_ / "fs/btrfs" / filesystem / "devices";
        if (!is_there(folder / device.name)) continue;
        AGENT_TRY(const auto names, entries_of(folder));
        std::vector<BlockDevice> devices;
        for (const auto& name : names) {
            AGENT_TRY(auto member, read(name, depth + 1));
            devices.push_back(std::move(member));
        }
        return devices;
    }
    // The source names one device, and a filesystem may have several.
    return Error{Errc::not_found, "the devices of the btrfs at " + mount.point + " are not listed below " +
                                      (sys_ / "fs/btrfs").native()};
}

Result<std::vector<BlockDevice>> BlockTree::under(const Mount& mount, int depth) const {
    switch (storage_of(mount)) {
        case Storage::memory: return std::vector<BlockDevice>{};
        case Storage::unseen: return Error{Errc::refused, why_unseen(mount)};
        case Storage::devices: return of_btrfs(mount, depth);
        case Storage::device: break;
    }
    AGENT_TRY(const auto entry, real_path(sys_ / "dev/block" / mount.device));
    AGENT_TRY(auto device, read(entry.filename().native(), depth));
    return std::vector{std::move(device)};
}

Result<std::vector<BlockDevice>> BlockTree::under_file(const std::string& path, int depth) const {
    const auto* mount = mount_holding(mounts_, path);
    if (mount == nullptr || !path.starts_with('/') || depth > layers_most)
        return Error{Errc::not_found, "no mount holds the file " + agent::quoted(path)};
    return under(*mount, depth + 1);
}

Result<std::vector<BlockDevice>> BlockTree::under(const Mount& mount) const { return under(mount, 0); }

Result<BlockDevice> BlockTree::at(const std::string& path) const { return at(path, 0); }

Result<std::vector<BlockDevice>> BlockTree::under_file(const std::string& path) const { return under_file(path, 0); }

Result<std::vector<BlockDevice>> BlockTree::mappings() const {
    AGENT_TRY(const auto names, entries_of(sys_ / "class/block"));
    std::vector<BlockDevice> mappings;
    for (const auto& name : names) {
        if (!is_there(sys_ / "class/block" / name / "dm")) continue;
        AGENT_TRY(auto device, read(name, 0));
        mappings.push_back(std::move(device));
    }
    return mappings;
}

std::filesystem::path BlockTree::node_of(const BlockDevice& device) const {
    auto name = device.name;
    std::replace(name.begin(), name.end(), '!', '/');  // as sysfs writes a name with a slash
    return dev_ / name;
}

}  // namespace agent
