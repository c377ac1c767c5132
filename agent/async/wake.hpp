#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>

#include "async/time_source.hpp"

namespace agent {

// A doorbell between coroutines of one thread. A ring that nobody waits for is remembered, once.
class Wake {
public:
    explicit Wake(const asio::any_io_executor& executor) : never_{executor, asio::steady_timer::time_point::max()} {}

    void ring();

    enum class Woken : std::uint8_t { rung, time_is_up };
    // Waits for a ring, at most until `when`. For one waiter at a time.
    [[nodiscard]] Task<Woken> wait_until(TimeSource& time, MonoTime when);
    // Waits for a ring, however long.
    [[nodiscard]] Task<> wait();

private:
    // Ends when it rings or when the coroutine is stopped; leaves the ring to whoever asks.
    [[nodiscard]] asio::awaitable<void> until_rung();

    asio::steady_timer never_;
    bool rung_{false};
};

}  // namespace agent
