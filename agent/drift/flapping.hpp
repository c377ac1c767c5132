#pragma once
// A check whose result comes and goes: repairing it again and again would be the outage.
#include <cstddef>

#include "base/time.hpp"

namespace agent {

inline constexpr std::size_t flapping_changes = 3;  // more than these within the span
inline constexpr Duration flapping_span{std::chrono::minutes{30}};

[[nodiscard]] constexpr bool is_flapping(std::size_t changes_in_span) noexcept {
    return changes_in_span > flapping_changes;
}

}  // namespace agent
