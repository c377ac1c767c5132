#pragma once
// Asks the order server for pending orders and delivers them to the core (PROTOCOL.md section 6).
#include <optional>
#include <variant>

#include "courier/answer_verdict.hpp"
#include "courier/expiry.hpp"
#include "courier/poll_pacing.hpp"
#include "courier/server_line.hpp"

namespace agent {

class Poller {
public:
    explicit Poller(CourierShared& shared) : shared_{&shared}, line_{shared}, pacing_{shared.settings} {}

    // Until stopped.
    [[nodiscard]] Task<> forever();
    // One poll that is not held, and further ones while the server says `more`; the first failure ends it.
    [[nodiscard]] Task<> once();
    [[nodiscard]] ServerLine& line() noexcept { return line_; }

private:
    using Attempt = std::variant<PollAnswered, FailedAttempt>;
    [[nodiscard]] asio::awaitable<void> prepare();
    [[nodiscard]] asio::awaitable<Attempt> poll(std::chrono::seconds hold);
    [[nodiscard]] PollStep after_failure(const FailedAttempt& failure);
    [[nodiscard]] PollStep after_answer(const PollAnswered& answer);
    [[nodiscard]] Task<> pause(PollStep step, std::uint64_t acknowledged_before);

    CourierShared* shared_;
    ServerLine line_;
    PollPacing pacing_;
    ExpiryWatch expiry_;
};

}  // namespace agent
