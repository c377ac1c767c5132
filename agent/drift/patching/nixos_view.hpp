#pragma once
// NixOS by its links: the system that was booted, the one that runs, and the generations of the profile.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "drift/patching/due.hpp"
#include "host/nixos_system.hpp"

namespace agent {

struct NixosHost {
    std::filesystem::path booted{"/run/booted-system"};
    std::filesystem::path current{running_nixos_system};
    std::filesystem::path profiles{"/nix/var/nix/profiles"};
    std::filesystem::path nix_env{"/run/current-system/sw/bin/nix-env"};
};

struct NixosGeneration {
    std::int64_t number{};
    std::filesystem::path store_path;
    WallTime made;  // when its link was made
};

// One part of the booted and of the running system: where its link leads; empty where there is none.
struct BootPart {
    std::string name;  // "kernel", "initrd", "kernel-modules"
    std::filesystem::path booted;
    std::filesystem::path current;
    [[nodiscard]] bool differs() const { return booted != current; }
};

// What `nixos-version --json` tells; empty where it does not.
struct NixosVersion {
    std::string configuration_revision;
    std::string nixpkgs_revision;
    std::string version;
};

struct NixosView {
    Result<NixosSystem> current;
    Result<NixosSystem> booted;
    Result<std::vector<NixosGeneration>> generations;  // in the order of their numbers
    Result<std::vector<BootPart>> parts;
    WallTime activated;                           // when the running system was switched to; the epoch where unknown
    std::optional<Result<NixosVersion>> version;  // only where the baseline names a revision
};

[[nodiscard]] NixosView look_at_nixos(const NixosHost& host);

// 42 of "system-42-link".
[[nodiscard]] std::optional<std::int64_t> generation_number(std::string_view link);
[[nodiscard]] Result<NixosVersion> parse_nixos_version(std::string_view json);

// Null where the running system is of no generation.
[[nodiscard]] const NixosGeneration* running_generation(const NixosView& view);

inline constexpr std::string_view reboot_due{"reboot"};
[[nodiscard]] DuesSeen dues_of(const NixosView& view, WallTime booted);

}  // namespace agent
