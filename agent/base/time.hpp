#pragma once
// Two clocks that are never mixed: wall time is for records and expiry, monotonic time is for waiting.
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace agent {

using Duration = std::chrono::milliseconds;
using WallTime = std::chrono::sys_time<Duration>;
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// "2026-01-31T09:30:00.250Z": RFC 3339, UTC, exactly three decimals.
[[nodiscard]] std::string format_rfc3339(WallTime time);

// RFC 3339 with an upper-case 'T' and 'Z' and at most three decimals (PROTOCOL.md section 4); leap seconds are refused.
[[nodiscard]] Result<WallTime> parse_rfc3339(std::string_view text);

// An integer and one of ms s m h d: "900s", "25s", "0s". Never negative.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

// The shortest exact spelling that parse_duration reads back: "90s", "2h", "6d".
[[nodiscard]] std::string format_duration(Duration duration);

// For people, rounded to two units: "3 d 4 h", "12 s", "250 ms".
[[nodiscard]] std::string describe_duration(Duration duration);

}  // namespace agent
