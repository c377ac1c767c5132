#pragma once
// Where a bundle's files lie in an export.
#include <filesystem>
#include <string_view>

#include "base/time.hpp"
#include "model/ids.hpp"

namespace agent {

inline constexpr std::string_view bundle_file = "bundle.json";
inline constexpr std::string_view signature_file = "bundle.sig";
inline constexpr std::string_view receipt_file = "receipt.json";

// "2026/01/31", UTC.
[[nodiscard]] std::filesystem::path folder_of_day(WallTime time);

}  // namespace agent
