#include "drift/encryption/encryption_check.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "drift/encryption/encryption_report.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr std::size_t mountinfo_most = 16UL * 1024UL * 1024UL;
constexpr std::size_t swaps_most = 64UL * 1024UL;

Result<std::vector<Mount>> mounts_of(const EncryptionHost& host, RoundFacts& facts) {
    const auto& text = facts.file(host.mountinfo, mountinfo_most);
    if (text.has_error()) return text.error();
    return in_context(parse_mountinfo(text.value()), host.mountinfo.native());
}

std::vector<MountView> look_at_mounts(const std::vector<std::string>& points, const std::vector<Mount>& mounts,
                                      const BlockTree& tree) {
    std::vector<MountView> views;
    for (const auto& point : points) {
        MountView view{point, std::nullopt, std::vector<BlockDevice>{}};
        if (const auto* mount = mount_at(mounts, point); mount != nullptr) {
            view.mount = *mount;
            view.devices = tree.under(*mount);
        }
        views.push_back(std::move(view));
    }
    return views;
}

// Under the name of the mapping where it has one: numbers of the device mapper change from boot to boot.
SwapView look_at_swap(const Swap& swap, const BlockTree& tree) {
    if (swap.is_file) return {swap.path, tree.under_file(swap.path)};
    auto device = tree.at(swap.path);
    if (device.has_error()) return {swap.path, std::move(device).error()};
    const auto& mapping = device.value().mapping;
    const auto name = mapping.empty() ? swap.path : mapping;
    return {name, std::vector{std::move(device).value()}};
}

Result<std::vector<SwapView>> look_at_swaps(const EncryptionHost& host, RoundFacts& facts, const BlockTree& tree) {
    const auto& text = facts.file(host.swaps, swaps_most);
    // A kernel without swapping has no such file.
    if (text.has_error() && text.error().code() == Errc::not_found) return std::vector<SwapView>{};
    if (text.has_error()) return text.error();
    AGENT_TRY(const auto swaps, parse_swaps(text.value()));
    std::vector<SwapView> views;
    for (const auto& swap : swaps) views.push_back(look_at_swap(swap, tree));
    return views;
}

std::string without_dashes(std::string text) {
    text.erase(std::remove(text.begin(), text.end(), '-'), text.end());
    return text;
}

// "CRYPT-LUKS2-0123…-cryptroot": 32 digits of the header's UUID, behind its kind.
std::string luks_uuid(const BlockDevice& device) {
    constexpr std::size_t prefix = std::string_view{"CRYPT-LUKS2-"}.size();
    constexpr std::size_t digits = 32;
    return device.dm_uuid.size() < prefix + digits ? std::string{} : device.dm_uuid.substr(prefix, digits);
}

bool is_luks(const BlockDevice& device) {
    const auto kind = encryption_of(device);
    return kind && kind->starts_with("LUKS");
}

Result<std::vector<VolumeView>> look_at_volumes(const std::vector<std::string>& wanted, const BlockTree& tree) {
    std::vector<VolumeView> views;
    if (wanted.empty()) return views;
    AGENT_TRY(const auto mappings, tree.mappings());
    for (const auto& name : wanted) {
        const auto is_it = [&name](const BlockDevice& device) {
            return device.mapping == name || (is_luks(device) && luks_uuid(device) == without_dashes(name));
        };
        const auto found = std::find_if(mappings.begin(), mappings.end(), is_it);
        views.push_back({name, found == mappings.end() ? std::nullopt : std::optional{*found}});
    }
    return views;
}

// What the header is on: below a mapping with integrity protection lies one that is part of it.
const BlockDevice* backing_of(const BlockDevice& device) {
    const auto* backing = &device;
    do {
        if (backing->below.size() != 1) return nullptr;
        backing = &backing->below.front();
    } while (backing->dm_uuid.starts_with("CRYPT-SUBDEV-"));
    return backing;
}

Result<LuksHeader> header_of(const BlockDevice& device, const std::filesystem::path& node) {
    AGENT_TRY(const auto start, read_start(node, luks_start_bytes));
    AGENT_TRY(const auto size,
              in_context(luks_header_bytes(start), node.native() + " (a header kept elsewhere is not found)"));
    AGENT_TRY(const auto bytes, read_start(node, size));
    AGENT_TRY(auto header, in_context(parse_luks(bytes), node.native()));
    if (without_dashes(header.uuid) != luks_uuid(device))
        return Error{Errc::untrusted, "the header on " + node.native() + " is not that of the open volume (UUID " +
                                          agent::quoted(header.uuid, 40) + "): it was replaced since"};
    return header;
}

class Headers {
public:
    explicit Headers(const BlockTree& tree) : tree_{tree} {}

    // Reads the headers of the encrypted layers of `devices`, each once.
    void of(const std::vector<BlockDevice>& devices) {
        const auto layers = layers_of(devices);
        for (const auto* device : layers.encrypted)
            if (is_luks(*device)) read(*device);
    }
    std::vector<LuksView> take() { return std::move(views_); }

private:
    void read(const BlockDevice& device) {
        const auto is_it = [&device](const LuksView& view) { return view.name == device.mapping; };
        if (std::find_if(views_.begin(), views_.end(), is_it) != views_.end()) return;
        const auto* backing = backing_of(device);
        if (backing == nullptr) {
            const Error alone{Errc::not_found, device.mapping + ": the device that it lies on is not known"};
            return views_.push_back({device.mapping, {}, alone});
        }
        const auto node = tree_.node_of(*backing);
        views_.push_back({device.mapping, node.native(), header_of(device, node)});
    }

    const BlockTree& tree_;
    std::vector<LuksView> views_;
};

std::vector<LuksView> look_at_headers(const BlockTree& tree, const EncryptionView& view) {
    Headers headers{tree};
    if (view.mounts.has_value())
        for (const auto& mount : view.mounts.value())
            if (mount.devices.has_value()) headers.of(mount.devices.value());
    if (view.swaps.has_value())
        for (const auto& swap : view.swaps.value())
            if (swap.devices.has_value()) headers.of(swap.devices.value());
    if (view.volumes.has_value())
        for (const auto& volume : view.volumes.value())
            if (volume.device) headers.of({*volume.device});
    return headers.take();
}

std::string listed(const std::vector<std::string>& items) {
    std::string text;
    for (const auto& item : items) text += (text.empty() ? "" : ", ") + agent::quoted(item, 256);
    return "[" + text + "]";
}

}  // namespace

Task<CheckReport> EncryptionCheck::look(CheckTools& tools, std::string&) const {
    const auto mounts = mounts_of(host_, tools.facts);
    const BlockTree tree{host_.sys, host_.dev, mounts.has_value() ? mounts.value() : std::vector<Mount>{}};
    EncryptionView view{
        std::vector<MountView>{}, std::vector<SwapView>{}, look_at_volumes(baseline_.volumes, tree), {}};
    if (mounts.has_value()) view.mounts = look_at_mounts(baseline_.mounts, mounts.value(), tree);
    if (mounts.has_error()) view.mounts = mounts.error();
    if (baseline_.swap) view.swaps = look_at_swaps(host_, tools.facts, tree);
    view.luks = look_at_headers(tree, view);
    co_return judge_encryption(baseline_, view);
}

Task<std::string> EncryptionCheck::learn(CheckTools& tools) const {
    const auto mounts = mounts_of(host_, tools.facts);
    if (mounts.has_error()) co_return mounts.error();
    const BlockTree tree{host_.sys, host_.dev, mounts.value()};
    std::vector<std::string> points;
    for (const auto& mount : mounts.value()) {
        const auto devices = tree.under(mount);
        const bool is_known = std::find(points.begin(), points.end(), mount.point) != points.end();
        if (devices.has_error() || devices.value().empty() || is_known) continue;
        const auto layers = layers_of(devices.value());
        if (layers.plain.empty() && !layers.encrypted.empty()) points.push_back(mount.point);
    }
    std::vector<std::string> volumes;
    const auto mappings = tree.mappings();
    if (mappings.has_value())
        for (const auto& device : mappings.value())
            if (is_luks(device)) volumes.push_back(device.mapping);
    // Without any the default stays: what holds the system must be encrypted.
    if (points.empty()) points = EncryptionBaseline{}.mounts;
    co_return "mounts: " + listed(points) + "\nvolumes: " + listed(volumes) + "\n";
}

std::string EncryptionCheck::explain() const {
    return "Follows " + listed(baseline_.mounts) + (baseline_.swap ? std::string{" and every swap"} : std::string{}) +
           " down through partitions, LVM, RAID and loop devices to the disks (by sysfs): each way must pass dm-crypt, "
           "else it is critical. Reads the LUKS headers on the way: version, cipher, key size and key derivation that "
           "are weaker than the baseline allows are medium" +
           (baseline_.volumes.empty() ? std::string{}
                                      : "; the volumes " + listed(baseline_.volumes) + " must be open, else high") +
           ". A lost or stolen disk must not be a breach: 45 CFR 164.312(a)(2)(iv) and 164.312(e)(2)(ii) want "
           "encryption, NIST 800-53 SC-28 protection at rest, SC-13 sound cryptography. Encryption by ZFS, by a "
           "filesystem or by the disk itself is not looked at: what lies on it is an error or reads as not encrypted.";
}

}  // namespace agent
