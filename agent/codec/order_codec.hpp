#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/order.hpp"

namespace agent {

// An order payload (PROTOCOL.md section 4). `malformed` names the member and its rule. The range of `ttl` is gate 8's
// and so not looked at here: a ttl that is an integer but does not fit is saturated.
[[nodiscard]] Result<OrderPayload> parse_order(std::string_view json);

[[nodiscard]] std::string write_order(const OrderPayload& order);

}  // namespace agent
