#pragma once
// What the baseline says of the clock.
#include <optional>

#include "drift/check.hpp"
#include "drift/time_sync/clock_view.hpp"

namespace agent {

struct TimeSyncBaseline {
    CheckSettings common;
    std::optional<ClockService> service;  // nothing: whichever is there
    Duration offset_most{5'000};
    Duration server_age_most{std::chrono::hours{24}};
};

}  // namespace agent
