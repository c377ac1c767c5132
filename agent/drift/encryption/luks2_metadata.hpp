#pragma once
// The JSON half of a LUKS2 header. Pure.
#include <string_view>

#include "drift/encryption/luks_header.hpp"

namespace agent {

// All but the UUID, which stands in the binary half.
[[nodiscard]] Result<LuksHeader> parse_luks2_metadata(std::string_view json);

}  // namespace agent
