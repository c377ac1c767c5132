#include "server/stop_signal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace agent {

void StopSignal::stop() {
    stopped_ = true;
    never_.cancel();
}

Task<> StopSignal::wait() {
    if (!stopped_) static_cast<void>(co_await never_.async_wait(asio::as_tuple(asio::use_awaitable)));
    if (!stopped_) co_return Error{Errc::cancelled, "stopped while waiting"};
    co_return ok();
}

}  // namespace agent
