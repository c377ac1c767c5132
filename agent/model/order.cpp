#include "model/order.hpp"

#include <algorithm>
#include <limits>

#include "model/limits.hpp"

namespace agent {

bool is_runbook_id(std::string_view text) noexcept {
    constexpr std::string_view prefix = "RB-";
    return text.size() > prefix.size() && text.size() <= limits::runbook_id_length && text.starts_with(prefix) &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; });
}

WallTime OrderPayload::expires_at() const {
    std::int64_t ttl = 0;
    std::int64_t expires = 0;
    const auto issued = issued_at.time_since_epoch().count();
    if (__builtin_mul_overflow(ttl_seconds, std::int64_t{1000}, &ttl) ||
        __builtin_add_overflow(issued, ttl, &expires)) {
        using Limits = std::numeric_limits<std::int64_t>;
        expires = ttl_seconds < 0 ? Limits::min() : Limits::max();
    }
    return WallTime{Duration{expires}};
}

}  // namespace agent
