#pragma once
// Block devices and what they lie on, by sysfs: partitions, LVM, RAID, multipath, dm-crypt, loop devices.
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "drift/mount_table.hpp"

namespace agent {

struct BlockDevice {
    std::string name;                // the kernel's: "dm-0", "sda2"
    std::string mapping;             // of the device mapper: "cryptroot"; else empty
    std::string dm_uuid;             // "CRYPT-LUKS2-…", "LVM-…"; else empty
    bool in_memory{};                // zram without a device to write to, ram disk
    std::vector<BlockDevice> below;  // all that it lies on; a partition lies on its disk
    friend bool operator==(const BlockDevice&, const BlockDevice&) = default;
};

// "LUKS2", "LUKS1", "PLAIN" and so on of a dm-crypt mapping; nothing of any other device. dm-verity and dm-integrity
// are set up by the same tool and encrypt nothing.
[[nodiscard]] std::optional<std::string_view> encryption_of(const BlockDevice& device);

// What lies under a device: where data passes encryption, and where it ends without.
struct Layers {
    std::vector<const BlockDevice*> encrypted;  // the uppermost dm-crypt of each way down
    std::vector<std::string> plain;             // ends of ways that pass none
};
[[nodiscard]] Layers layers_of(const std::vector<BlockDevice>& devices);

// "vg-root (LVM) on cryptroot (LUKS2) on sda2".
[[nodiscard]] std::string describe(const BlockDevice& device);

class BlockTree {
public:
    BlockTree(std::filesystem::path sys, std::filesystem::path dev, std::vector<Mount> mounts)
        : sys_{std::move(sys)}, dev_{std::move(dev)}, mounts_{std::move(mounts)} {}

    // The devices that keep what is on this mount, whose storage is `device` or `devices`.
    [[nodiscard]] Result<std::vector<BlockDevice>> under(const Mount& mount) const;
    // The device that a path below /dev means.
    [[nodiscard]] Result<BlockDevice> at(const std::string& path) const;
    // The devices that keep a file.
    [[nodiscard]] Result<std::vector<BlockDevice>> under_file(const std::string& path) const;
    // Every mapping of the device mapper.
    [[nodiscard]] Result<std::vector<BlockDevice>> mappings() const;
    // The file that is read to see what is on `device` itself.
    [[nodiscard]] std::filesystem::path node_of(const BlockDevice& device) const;

private:
    [[nodiscard]] Result<BlockDevice> read(const std::string& name, int depth) const;
    [[nodiscard]] Result<std::vector<std::string>> names_below(const std::string& name) const;
    [[nodiscard]] Result<std::vector<BlockDevice>> under(const Mount& mount, int depth) const;
    [[nodiscard]] Result<std::vector<BlockDevice>> under_file(const std::string& path, int depth) const;
    [[nodiscard]] Result<BlockDevice> at(const std::string& path, int depth) const;
    [[nodiscard]] Result<std::vector<BlockDevice>> of_btrfs(const Mount& mount, int depth) const;

    std::filesystem::path sys_;
    std::filesystem::path dev_;
    std::vector<Mount> mounts_;
};

}  // namespace agent
