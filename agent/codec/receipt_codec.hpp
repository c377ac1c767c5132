#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/bundle.hpp"

namespace agent {

[[nodiscard]] std::string write_receipt(const Receipt& receipt);
// Strict: exactly the members of PROTOCOL.md section 6.
[[nodiscard]] Result<Receipt> parse_receipt(std::string_view json);

}  // namespace agent
