#pragma once
// What to tell a person when a file could not be used.
#include <filesystem>
#include <string_view>

#include "base/result.hpp"

namespace agent {

// The error of a failed call on `file`. Where a right is missing it says which: "needs read permission on /x (run as
// root)", or on the folder on the way that bars it. ENOENT is `not_found`, a full disk `disk_full`, the rest `system`.
[[nodiscard]] Error file_error(int errno_value, std::string_view right, const std::filesystem::path& file);

}  // namespace agent
