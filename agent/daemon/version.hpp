#pragma once
#include <string>

namespace agent {

[[nodiscard]] std::string agent_version();  // "0.1.0"
[[nodiscard]] std::string agent_build();    // compiler and kind of build

}  // namespace agent
