#pragma once
// A /sys, /dev and /proc of the test's own, laid out as the kernel does: the kernel that tests run on may have no
// device mapper, and no test could open LUKS on RAID on it.
#include "drift/encryption/encryption_check.hpp"
#include "support/check_ground.hpp"

namespace agent::testing {

inline constexpr const char* cryptsetup = "/usr/sbin/cryptsetup";

class StorageTree {
public:
    explicit StorageTree(const TemporaryDirectory& folder) : folder_{folder} {
        for (const char* name : {"sys/class/block", "sys/dev/block", "sys/devices/virtual", "dev/mapper", "proc"})
            std::filesystem::create_directories(folder.path() / name);
        write_swaps();
    }
    [[nodiscard]] EncryptionHost host() const { return {at("proc/mountinfo"), at("proc/swaps"), at("sys"), at("dev")}; }
    [[nodiscard]] std::filesystem::path at(const std::filesystem::path& name) const { return folder_.path() / name; }

    void disk(const std::string& name) { add(name, at("sys/devices/virtual") / name); }
    void partition(const std::string& disk, const std::string& name) {
        add(name, at("sys/devices/virtual") / disk / name);
        folder_.write(sys(name) / "partition", "1\n");
    }
    // Of the device mapper where `uuid` is not empty; else RAID and the like.
    void layer(const std::string& name, const std::vector<std::string>& lower, const std::string& mapping = {},
               const std::string& uuid = {}) {
        disk(name);
        std::filesystem::create_directories(at("sys/devices/virtual") / name / "slaves");
        for (const auto& below : lower)
            std::filesystem::create_directory_symlink(at("sys/class/block") / below,
                                                      at("sys/devices/virtual") / name / "slaves" / below);
        if (mapping.empty()) return;
        attribute(name, "dm/name", mapping);
        attribute(name, "dm/uuid", uuid);
        std::filesystem::create_symlink("../" + name, at("dev/mapper") / mapping);
    }
    void attribute(const std::string& device, const std::string& name, const std::string& value) {
        folder_.write(sys(device) / name, value + "\n");
    }
    void mount(const std::string& point, const std::string& device, const std::string& type = "ext4") {
        const auto number = numbers_.contains(device) ? numbers_.at(device) : "0:42";
        const auto source = number == "0:42" && type != "btrfs" ? device : "/dev/" + device;
        mounts_ += "36 35 " + number + " / " + point + " rw,noatime shared:1 - " + type + " " + source + " rw\n";
        folder_.write("proc/mountinfo", mounts_);
    }
    void swap(const std::string& path, const std::string& type = "partition") {
        swaps_ += path + "   " + type + "\t1048572\t0\t-2\n";
        write_swaps();
    }
    // On its own number in mountinfo, as the btrfs that it is.
    void btrfs(const std::string& point, const std::vector<std::string>& devices) {
        for (const auto& device : devices) folder_.write("sys/fs/btrfs/0a0a/devices/" + device + "/dev", "");
        mounts_ += "36 35 0:42 /@ " + point + " rw - btrfs /dev/" + devices.front() + " rw,subvol=/@\n";
        folder_.write("proc/mountinfo", mounts_);
    }

private:
    [[nodiscard]] static std::filesystem::path sys(const std::string& name) {
        return std::filesystem::path{"sys/class/block"} / name;
    }
    void add(const std::string& name, const std::filesystem::path& real) {
        std::filesystem::create_directories(real);
        const auto number = "8:" + std::to_string(numbers_.size());
        numbers_[name] = number;
        std::filesystem::create_directory_symlink(real, at("sys/class/block") / name);
        std::filesystem::create_directory_symlink(real, at("sys/dev/block") / number);
        folder_.write(std::filesystem::path{"dev"} / name, "");
    }
    void write_swaps() { folder_.write("proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n" + swaps_); }

    const TemporaryDirectory& folder_;
    std::map<std::string, std::string> numbers_;
    std::string mounts_;
    std::string swaps_;
};

}  // namespace agent::testing
