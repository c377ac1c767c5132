#pragma once
// What dpkg's status file says of one package.
#include <string>
#include <string_view>
#include <vector>

namespace agent {

struct InstalledPackage {
    std::string architecture;
    std::string version;
    std::string state;  // installed, config-files, half-configured, …
    // Unpacked and configured, even where others still have to be told of it (triggers).
    [[nodiscard]] bool is_installed() const;
    // Not even unpacked: at most its configuration is left.
    [[nodiscard]] bool is_absent() const;
};

// Every architecture of `package`, or the one of "name:arch", in the order of the file.
[[nodiscard]] std::vector<InstalledPackage> find_package(std::string_view status, std::string_view package);

}  // namespace agent
