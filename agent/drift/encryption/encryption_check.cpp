#include "drift/encryption/encryption_check.hpp"

#include <algorithm>
#include <optional>
#include <set>

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

bool is_volume(const BlockDevice& device, const std::string& name) {
    return device.mapping == name || (is_luks(device) && luks_uuid(device) == without_dashes(name));
}

Result<std::vector<VolumeView>> look_at_volumes(const std::vector<std::string>& wanted, const BlockTree& tree) {
    std::vector<VolumeView> views;
    if (wanted.empty()) return views;
    AGENT_TRY(const auto mappings, tree.mappings());
    for (const auto& name : wanted) {
        const auto is_it = [&name](const BlockDevice& device) { return is_volume(device, name); };
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

bool has(const std::vector<std::string>& items, const std::string& item) {
    return std::find(items.begin(), items.end(), item) != items.end();
}

// Whether everything at `point` lies behind dm-crypt; nothing where there is nothing to encrypt.
Result<std::optional<bool>> is_encrypted(const Mount& mount, const BlockTree& tree) {
    AGENT_TRY(const auto devices, tree.under(mount));
    const auto layers = layers_of(devices);
    if (!layers.plain.empty()) return std::optional{false};
    return layers.encrypted.empty() ? std::nullopt : std::optional{true};
}

// What must be encrypted already stays so; what is encrypted beside it is proposed.
void learn_mounts(const EncryptionBaseline& baseline, const std::vector<Mount>& mounts, const BlockTree& tree,
                  Learnt& learnt) {
    std::set<std::string> points{baseline.mounts.begin(), baseline.mounts.end()};
    for (const auto& mount : mounts) points.insert(mount.point);
    auto proposed = baseline.mounts;
    std::string open;
    std::string unseen;
    for (const auto& point : points) {
        const bool is_demanded = has(baseline.mounts, point);
        const auto* mount = mount_at(mounts, point);
        if (mount == nullptr) {
            learnt.remarks.push_back("nothing is mounted at " + point +
                                     "; it stays demanded, and a drift until something is");
            continue;
        }
        const auto encrypted = is_encrypted(*mount, tree);
        if (encrypted.has_error()) {
            const bool is_in_the_way = is_demanded || storage_of(*mount) != Storage::unseen;
            if (is_in_the_way)
                learnt.unknown.push_back("whether " + point + " is encrypted: " + encrypted.error().message());
            else
                unseen += " " + point;
        } else if (encrypted.value() == false) {
            if (is_demanded)
                learnt.remarks.push_back(point + " is not encrypted; that stays demanded, and a drift until it is");
            else
                open += " " + point;
        } else if (encrypted.value() == true && !is_demanded) {
            proposed.push_back(point);
        }
    }
    if (!open.empty()) learnt.remarks.push_back("not encrypted, and so not proposed:" + open);
    if (!unseen.empty()) learnt.remarks.push_back("kept where this check does not look, and so not proposed:" + unseen);
    learnt.say("mounts", proposed);
}

void learn_volumes(const EncryptionBaseline& baseline, const BlockTree& tree, Learnt& learnt) {
    const auto mappings = tree.mappings();
    if (mappings.has_error()) return learnt.unknown.push_back("encrypted volumes: " + mappings.error().message());
    auto volumes = baseline.volumes;
    for (const auto& device : mappings.value()) {
        const auto is_it = [&device](const std::string& name) { return is_volume(device, name); };
        if (is_luks(device) && std::none_of(volumes.begin(), volumes.end(), is_it)) volumes.push_back(device.mapping);
    }
    std::sort(volumes.begin() + static_cast<std::ptrdiff_t>(baseline.volumes.size()), volumes.end());
    learnt.say("volumes", volumes);
}

void learn_swaps(const Result<std::vector<SwapView>>& swaps, Learnt& learnt) {
    if (swaps.has_error()) return learnt.unknown.push_back("whether swap is encrypted: " + swaps.error().message());
    for (const auto& swap : swaps.value()) {
        if (swap.devices.has_error())
            learnt.unknown.push_back("whether swap " + swap.name + " is encrypted: " + swap.devices.error().message());
        else if (!layers_of(swap.devices.value()).plain.empty())
            learnt.remarks.push_back("swap " + swap.name +
                                     " is not encrypted; that stays demanded, and a drift until it is");
    }
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

Task<Learnt> EncryptionCheck::learn(CheckTools& tools) const {
    Learnt learnt;
    learnt.from =
        host_.mountinfo.native() + ", " + host_.swaps.native() + " and what lies below in " + host_.sys.native();
    const auto mounts = mounts_of(host_, tools.facts);
    if (mounts.has_error()) {
        learnt.unknown.push_back(mounts.error().message());
        co_return learnt;
    }
    const BlockTree tree{host_.sys, host_.dev, mounts.value()};
    learn_mounts(baseline_, mounts.value(), tree, learnt);
    learn_volumes(baseline_, tree, learnt);
    if (baseline_.swap) learn_swaps(look_at_swaps(host_, tools.facts, tree), learnt);
    co_return learnt;
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
