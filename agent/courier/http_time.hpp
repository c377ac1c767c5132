#pragma once
// Times in HTTP headers (RFC 9110 sections 5.6.7 and 10.2.3).
#include <optional>
#include <string_view>

#include "base/time.hpp"

namespace agent {

// Any of the three forms that a recipient has to understand; nothing where it is none of them.
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);

// Seconds, or the distance from `now` (the answer's own Date where it has one) to a date; never negative.
[[nodiscard]] std::optional<Duration> parse_retry_after(std::string_view text, WallTime now);

}  // namespace agent
