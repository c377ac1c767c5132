#include "orders/time_mark.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "model/limits.hpp"

namespace agent {
namespace {

// What comes from disk may hold any number: sums stop at the ends instead of wrapping around.
Duration sum(Duration a, Duration b) {
    Duration::rep total = 0;
    if (!__builtin_add_overflow(a.count(), b.count(), &total)) return Duration{total};
    return b < Duration::zero() ? Duration::min() : Duration::max();
}

Duration difference(Duration a, Duration b) {
    Duration::rep total = 0;
    if (!__builtin_sub_overflow(a.count(), b.count(), &total)) return Duration{total};
    return b < Duration::zero() ? Duration::max() : Duration::min();
}

}  // namespace

TimeMark::TimeMark(const StoredTimeMark& stored, const std::string& boot_id)
    : mark_{stored.mark},
      written_at_{stored.since_boot},
      runs_{!boot_id.empty() && stored.boot_id == boot_id},
      boot_id_{stored.boot_id} {}

void TimeMark::move_to(WallTime signed_time, Duration since_boot, const std::string& boot_id) {
    if (signed_time <= at(since_boot)) return;
    mark_ = signed_time;
    written_at_ = since_boot;
    runs_ = !boot_id.empty();
    boot_id_ = boot_id;
}

WallTime TimeMark::at(Duration since_boot) const noexcept {
    if (!runs_) return mark_;
    const auto passed = std::max(difference(since_boot, written_at_), Duration::zero());
    return WallTime{sum(mark_.time_since_epoch(), passed)};
}

WallTime TimeMark::now(WallTime host_clock, Duration since_boot) const noexcept {
    return std::max(host_clock, at(since_boot));
}

bool TimeMark::clock_untrusted(WallTime host_clock, Duration since_boot) const noexcept {
    return difference(at(since_boot).time_since_epoch(), host_clock.time_since_epoch()) > limits::clock_behind_mark;
}

StoredTimeMark TimeMark::stored(Duration since_boot) const {
    // A mark that stands keeps the boot it comes from, so that it does not start to run when this process restarts.
    return {at(since_boot), runs_ ? std::max(since_boot, written_at_) : written_at_, boot_id_};
}

}  // namespace agent
