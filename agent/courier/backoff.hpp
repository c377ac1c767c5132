#pragma once
// PROTOCOL.md section 7, as arithmetic. Pure: random fractions in [0, 1) are handed in.
#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace agent {

class Backoff {
public:
    Backoff(Duration base, Duration cap, Duration poll_interval)
        : base_{base}, cap_{cap}, poll_interval_{poll_interval} {}

    // Delay before the next try after another failure: min(base * 2^(n-1), cap), plus 0 to 50 % of that added after the
    // cap; on the first failure after a success an extra 0 to poll interval; at least `retry_after`, believed up to 1
    // h.
    [[nodiscard]] Duration failed(std::optional<Duration> retry_after, double jitter, double spread);
    // 401 and 403: straight to the cap; at least `retry_after`.
    [[nodiscard]] Duration refused(std::optional<Duration> retry_after, double jitter);
    void succeeded() noexcept { failures_ = 0; }
    [[nodiscard]] int failures() const noexcept { return failures_; }

private:
    Duration base_;
    Duration cap_;
    Duration poll_interval_;
    int failures_{0};
};

// The poll interval varied by 10 % either way.
[[nodiscard]] Duration vary_interval(Duration interval, double fraction);

}  // namespace agent
