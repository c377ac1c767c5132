#pragma once
// Carries bundles to the order server, oldest first, one at a time (PROTOCOL.md sections 6 and 7), and between them,
// on the same connection, word of orders that begin to be carried out.
#include <cstdint>
#include <deque>
#include <optional>
#include <variant>
#include <vector>

#include "courier/answer_verdict.hpp"
#include "courier/backoff.hpp"
#include "courier/server_line.hpp"

namespace agent {

class Uploader {
public:
    explicit Uploader(CourierShared& shared);

    // Until stopped.
    [[nodiscard]] Task<> forever();
    // Until the queue is empty; the first failure ends it.
    [[nodiscard]] Task<> all();
    // What the server refused for good since the last all() began.
    [[nodiscard]] const std::vector<Error>& refused() const noexcept { return refused_; }
    [[nodiscard]] ServerLine& line() noexcept { return line_; }

private:
    struct Settled {  // the bundle has left the queue: acknowledged, or quarantined
        std::optional<Error> refusal{};
    };
    using Attempt = std::variant<Settled, FailedAttempt>;
    [[nodiscard]] asio::awaitable<void> prepare();
    [[nodiscard]] Result<std::optional<OutgoingBundle>> next();
    // With nothing to upload: tells what has begun, or waits.
    [[nodiscard]] Task<> tell_or_wait();
    [[nodiscard]] asio::awaitable<Attempt> upload(OutgoingBundle bundle);
    [[nodiscard]] Attempt stored(const OutgoingBundle& bundle, const HttpAnswer& answer);
    [[nodiscard]] Attempt refused(const OutgoingBundle& bundle, const HttpAnswer& answer);
    void reached();
    [[nodiscard]] Task<> back_off(const FailedAttempt& failure);

    CourierShared* shared_;
    ServerLine line_;
    Backoff backoff_;
    std::int64_t position_{0};
    std::vector<Error> refused_;
    // The core may store acknowledgements in batches: these are not sent again when the queue is read from its start.
    std::deque<std::int64_t> acknowledged_;
};

}  // namespace agent
