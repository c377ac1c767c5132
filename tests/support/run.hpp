#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "async/time_source.hpp"

namespace agent::testing {

// Runs one coroutine to its end on `io` and hands back its value.
template <class T>
T run(asio::io_context& io, asio::awaitable<T> work) {
    std::optional<T> answer;
    auto keep = [](std::optional<T>& out, asio::awaitable<T> inner) -> asio::awaitable<void> {
        out.emplace(co_await std::move(inner));
    };
    asio::co_spawn(io, keep(answer, std::move(work)), [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
    });
    io.restart();
    io.run();
    if (!answer) throw std::runtime_error{"the coroutine never finished"};
    return std::move(*answer);
}

}  // namespace agent::testing
