#include "async/system_time_source.hpp"

#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_gettime

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace agent {

WallTime SystemTimeSource::wall_now() const { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

MonoTime SystemTimeSource::mono_now() const { return std::chrono::floor<Duration>(std::chrono::steady_clock::now()); }

Duration SystemTimeSource::since_boot() const {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::floor<Duration>(std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec});
}

Task<> SystemTimeSource::sleep_until(MonoTime when) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer{executor, when};
    const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (error) co_return Error{Errc::cancelled, "stopped while sleeping"};
    co_return ok();
}

}  // namespace agent
