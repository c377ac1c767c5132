#include "model/order.hpp"

#include <limits>

namespace agent {

WallTime OrderPayload::expires_at() const {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    const auto issued = issued_at.time_since_epoch().count();
    if (ttl_seconds > (most - issued) / 1000) return WallTime{Duration{most}};
    return issued_at + std::chrono::seconds{ttl_seconds};
}

}  // namespace agent
