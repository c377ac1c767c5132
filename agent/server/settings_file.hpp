#pragma once
#include <filesystem>
#include <optional>

#include "config/server_settings.hpp"

namespace agent {

// Nothing where the file has faults; all of them are then on standard error, one a line.
[[nodiscard]] std::optional<OrderServerSettings> settings_or_report(const std::filesystem::path& config);

}  // namespace agent
