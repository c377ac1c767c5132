#pragma once
#include <string_view>

#include "base/result.hpp"

namespace agent {

// systemd.unit(5): at most 255 of A-Z a-z 0-9 : - _ . \ @, with the suffix of a unit type; a template without its
// instance is refused. `malformed` says what is wrong.
[[nodiscard]] Result<> check_unit_name(std::string_view unit);

}  // namespace agent
