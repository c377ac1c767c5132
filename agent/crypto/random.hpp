#pragma once
#include <cstddef>
#include <string>

namespace agent {

[[nodiscard]] std::string random_uuid();                   // version 4, RFC 9562, lower case
[[nodiscard]] std::string random_hex(std::size_t digits);  // lower case
[[nodiscard]] double random_fraction();                    // uniform in [0, 1)

}  // namespace agent
