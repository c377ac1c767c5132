#include "courier/poll_pacing.hpp"

#include <algorithm>

#include "model/limits.hpp"

namespace agent {
namespace {

constexpr PollStep at_once{};
// Between polls that offers or their evidence brought about.
constexpr Duration least_pause{200};

std::chrono::seconds seconds_to_hold(Duration long_poll) {
    using std::chrono::seconds;
    if (long_poll <= Duration{0}) return seconds{0};
    const auto most = std::chrono::floor<seconds>(limits::long_poll_most);
    return std::clamp(std::chrono::floor<seconds>(long_poll), seconds{1}, most);
}

// An answer that came early was not held, and to ask again at once would be to spin.
bool was_held(Duration elapsed, Duration asked) {
    return elapsed >= std::max<Duration>(asked - std::chrono::seconds{1}, asked / 2);
}

PollStep after(Duration delay) { return {delay, delay, false}; }

}  // namespace

PollPacing::PollPacing(const ServerSettings& settings)
    : poll_interval_{settings.poll_interval},
      hold_{seconds_to_hold(settings.long_poll)},
      backoff_{settings.backoff_base, settings.backoff_cap, settings.poll_interval} {}

PollStep PollPacing::answered(const PollAnswered& answer, double fraction) {
    backoff_.succeeded();
    if (answer.more && answer.fresh > 0) return at_once;
    const auto interval = vary_interval(poll_interval_, fraction);
    if (hold_.count() == 0) return after(interval);
    if (answer.offers > 0) return {std::min(least_pause, interval), interval, true};
    if (was_held(answer.elapsed, hold_)) return at_once;
    return after(interval);
}

PollStep PollPacing::failed(std::optional<Duration> retry_after, double jitter, double spread) {
    return after(backoff_.failed(retry_after, jitter, spread));
}

PollStep PollPacing::denied(std::optional<Duration> retry_after, double jitter) {
    return after(backoff_.refused(retry_after, jitter));
}

}  // namespace agent
