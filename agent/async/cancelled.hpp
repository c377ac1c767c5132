#pragma once
#include <boost/asio/cancellation_state.hpp>

#include "async/time_source.hpp"

namespace agent {

// Of `co_await asio::this_coro::cancellation_state`: whether whoever runs us was asked to stop. The next co_await would
// throw then.
[[nodiscard]] inline bool is_cancelled(const asio::cancellation_state& state) noexcept {
    return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace agent
