#pragma once
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>
#include <variant>

#include "async/time_source.hpp"

namespace agent {

// Runs `work` for at most `limit`: `timed_out` is our deadline, `cancelled` is being stopped, and the two are never
// mixed up. `work` must report failure as a value, not by throwing: with Asio 1.26 a throwing branch of || would be
// hidden until the timer ends.
template <class T>
[[nodiscard]] Task<T> with_deadline(TimeSource& time, Duration limit, Task<T> work) {
    using asio::experimental::awaitable_operators::operator||;
    auto first = co_await (std::move(work) || time.sleep_for(limit));
    if (first.index() == 0) co_return std::get<0>(std::move(first));
    if (std::get<1>(first).has_value())
        co_return Error{Errc::timed_out, "no answer within " + describe_duration(limit)};
    co_return Error{Errc::cancelled, "stopped while waiting"};
}

}  // namespace agent
