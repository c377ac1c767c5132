#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "async/time_source.hpp"

namespace agent {

// Told once, heard by any number of coroutines of one thread.
class StopSignal {
public:
    explicit StopSignal(const asio::any_io_executor& executor)
        : never_{executor, asio::steady_timer::time_point::max()} {}

    void stop();
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }
    // Ends with success when stop() was called, with `cancelled` when the waiting coroutine is stopped itself.
    [[nodiscard]] Task<> wait();

private:
    asio::steady_timer never_;
    bool stopped_{false};
};

}  // namespace agent
