#pragma once
#include <boost/asio/awaitable.hpp>

#include "base/port.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace agent {

namespace asio = boost::asio;
template <class T = void>
using Task = asio::awaitable<Result<T>>;

// The only maker of times. Tests step it by hand.
class TimeSource : public Port {
public:
    [[nodiscard]] virtual WallTime wall_now() const = 0;
    [[nodiscard]] virtual MonoTime mono_now() const = 0;
    // Time since boot, suspend included (CLOCK_BOOTTIME): it cannot be set.
    [[nodiscard]] virtual Duration since_boot() const = 0;
    // Ends early with `cancelled` when the coroutine is stopped.
    [[nodiscard]] virtual Task<> sleep_until(MonoTime when) = 0;

    [[nodiscard]] Task<> sleep_for(Duration duration) { return sleep_until(mono_now() + duration); }
};

}  // namespace agent
