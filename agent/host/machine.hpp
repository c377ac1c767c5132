#pragma once
// Facts of the machine that others build on.
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace agent {

[[nodiscard]] std::string host_name();        // without its domain
[[nodiscard]] Result<std::string> boot_id();  // /proc/sys/kernel/random/boot_id
// Value of a key of /etc/os-release ("ID", "VERSION_CODENAME").
[[nodiscard]] std::optional<std::string> os_release(std::string_view key);

}  // namespace agent
