#pragma once
// Names and values of kernel settings.
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace agent {

// Below /proc/sys: net/ipv4/ip_forward of "net.ipv4.ip_forward". Nothing where it is no name of a setting.
[[nodiscard]] std::optional<std::filesystem::path> sysctl_file(const std::string& key);
// Runs of blanks count as one.
[[nodiscard]] std::string one_spaced(std::string_view text);

}  // namespace agent
