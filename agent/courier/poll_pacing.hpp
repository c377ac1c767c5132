#pragma once
// When the next poll comes (PROTOCOL.md sections 6 and 7). Pure: it decides, the poller waits.
#include <cstddef>
#include <optional>

#include "base/time.hpp"
#include "config/agent_settings.hpp"
#include "courier/backoff.hpp"

namespace agent {

// A poll that was answered and whose offers were delivered.
struct PollAnswered {
    std::size_t offers{};
    std::size_t fresh{};  // of the offers, those looked at for the first time
    bool more{};          // the server has further ones
    Duration elapsed{};   // from the request to its answer
};

// How long to wait before the next poll.
struct PollStep {
    Duration least{};
    Duration most{};
    bool ends_with_acknowledgement{};  // an uploaded bundle ends it, not before `least`: the server may have news
    friend bool operator==(const PollStep&, const PollStep&) = default;
};

class PollPacing {
public:
    explicit PollPacing(const ServerSettings& settings);

    // What to ask for as `wait`: whole seconds, at least one; 0 where polls are not held.
    [[nodiscard]] std::chrono::seconds hold() const noexcept { return hold_; }

    [[nodiscard]] PollStep answered(const PollAnswered& answer, double fraction);
    [[nodiscard]] PollStep failed(std::optional<Duration> retry_after, double jitter, double spread);
    // 401 and 403.
    [[nodiscard]] PollStep denied(std::optional<Duration> retry_after, double jitter);
    [[nodiscard]] int failures() const noexcept { return backoff_.failures(); }

private:
    Duration poll_interval_;
    std::chrono::seconds hold_;
    Backoff backoff_;
};

}  // namespace agent
