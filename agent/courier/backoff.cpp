#include "courier/backoff.hpp"

#include <algorithm>
#include <limits>

namespace agent {
namespace {

constexpr Duration retry_after_most = std::chrono::hours{1};

Duration part(Duration whole, double fraction) {
    return Duration{static_cast<Duration::rep>(static_cast<double>(whole.count()) * fraction)};
}

// min(base * 2^(n-1), cap) without ever leaving the range of Duration.
Duration doubled(Duration base, Duration cap, int failures) {
    auto delay = std::min(base, cap);
    for (int n = 1; n < failures && delay < cap && delay.count() > 0; ++n)
        delay = delay > cap / 2 ? cap : std::min(delay * 2, cap);
    return delay;
}

// PROTOCOL.md section 7: added after the cap, so that hosts that stand at the cap do not come back as one herd.
Duration with_jitter(Duration delay, double jitter) { return delay + part(delay, jitter / 2); }

Duration at_least(Duration delay, std::optional<Duration> retry_after) {
    return retry_after ? std::max(delay, std::min(*retry_after, retry_after_most)) : delay;
}

}  // namespace

Duration Backoff::failed(std::optional<Duration> retry_after, double jitter, double spread) {
    const bool first = failures_ == 0;
    if (failures_ < std::numeric_limits<int>::max()) ++failures_;
    auto delay = with_jitter(doubled(base_, cap_, failures_), jitter);
    if (first) delay += part(poll_interval_, spread);
    return at_least(delay, retry_after);
}

Duration Backoff::refused(std::optional<Duration> retry_after, double jitter) {
    if (failures_ < std::numeric_limits<int>::max()) ++failures_;
    return at_least(with_jitter(cap_, jitter), retry_after);
}

Duration vary_interval(Duration interval, double fraction) {
    return interval - interval / 10 + part(interval, fraction / 5);
}

}  // namespace agent
