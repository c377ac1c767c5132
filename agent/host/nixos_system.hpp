#pragma once
// Which NixOS system a link leads to, told by the link and its files: no program is asked.
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace agent {

inline constexpr const char* running_nixos_system = "/run/current-system";

struct NixosSystem {
    std::filesystem::path store_path;  // "/nix/store/<digest>-nixos-system-<name>-<label>"
    std::string digest;                // of the store path: Nix computes it from how the system is built
    std::string revision;              // its nixos-version, "25.05.20260520.d96b37b"; empty where it tells none
};

// `not_found` where there is no such link; `malformed` where it is none, or leads to nothing of a Nix store.
[[nodiscard]] Result<NixosSystem> look_at_nixos_system(const std::filesystem::path& link);

// The 32 characters that a name in a Nix store begins with: "<digest>-<name>".
[[nodiscard]] std::optional<std::string> store_digest(std::string_view name);

}  // namespace agent
