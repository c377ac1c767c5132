#pragma once
#include <string_view>

namespace agent {

// Of the project, as CMake knows it: "0.1.0".
[[nodiscard]] std::string_view server_version() noexcept;

}  // namespace agent
