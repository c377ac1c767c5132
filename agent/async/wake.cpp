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

Task<> Wake::wait() {
    if (!rung_) static_cast<void>(co_await never_.async_wait(asio::as_tuple(asio::use_awaitable)));
    if (!std::exchange(rung_, false)) co_return Error{Errc::cancelled, "stopped while waiting"};
    co_return ok();
}

Task<Wake::Woken> Wake::wait_until(TimeSource& time, MonoTime when) {
    using asio::experimental::awaitable_operators::operator||;
    auto first = co_await (wait() || time.sleep_until(when));
    if (first.index() == 0 && std::get<0>(first).has_value()) co_return Woken::rung;
    if (first.index() == 1 && std::get<1>(first).has_value()) co_return Woken::time_is_up;
    co_return Error{Errc::cancelled, "stopped while waiting"};
}

}  // namespace agent
