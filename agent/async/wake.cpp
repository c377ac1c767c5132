#include "async/wake.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <variant>

namespace agent {

void Wake::ring() {
    rung_ = true;
    never_.cancel();
}

asio::awaitable<void> Wake::until_rung() {
    if (!rung_) static_cast<void>(co_await never_.async_wait(asio::as_tuple(asio::use_awaitable)));
}

Task<> Wake::wait() {
    co_await until_rung();
    if (!std::exchange(rung_, false)) co_return Error{Errc::cancelled, "stopped while waiting"};
    co_return ok();
}

Task<Wake::Woken> Wake::wait_until(TimeSource& time, MonoTime when) {
    using asio::experimental::awaitable_operators::operator||;
    auto first = co_await (until_rung() || time.sleep_until(when));
    // A ring that came together with the end of the time counts: it must not be lost.
    if (std::exchange(rung_, false)) co_return Woken::rung;
    if (first.index() == 1 && std::get<1>(first).has_value()) co_return Woken::time_is_up;
    co_return Error{Errc::cancelled, "stopped while waiting"};
}

}  // namespace agent
