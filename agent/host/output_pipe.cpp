#include "host/output_pipe.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <vector>

namespace agent {
namespace {

constexpr std::size_t pipe_chunk = 16UL * 1024UL;

}  // namespace

Result<> OutputPipe::attach(Descriptor& read_end) {
    boost::system::error_code failed;
    stream_.assign(read_end.get(), failed);
    if (failed) return system_error(failed.value(), "watching a program");
    static_cast<void>(read_end.release());
    return ok();
}

asio::awaitable<void> OutputPipe::pump() {
    constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
    std::vector<char> chunk(pipe_chunk);
    for (;;) {
        const auto buffer = asio::buffer(chunk);
        const auto [failed, count] = co_await stream_.async_read_some(buffer, as_values);
        if (failed == asio::error::operation_aborted) co_return;
        if (failed) break;
        capture_.append({chunk.data(), count});
    }
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer never{executor, asio::steady_timer::time_point::max()};
    static_cast<void>(co_await never.async_wait(as_values));
}

CapturedOutput OutputPipe::finish() {
    int waiting{};
    if (ioctl(stream_.native_handle(), FIONREAD, &waiting) != 0) waiting = 0;
    std::vector<char> chunk(pipe_chunk);
    while (waiting > 0) {
        const auto most = std::min(chunk.size(), static_cast<std::size_t>(waiting));
        const auto count = ::read(stream_.native_handle(), chunk.data(), most);
        if (count <= 0) break;
        capture_.append({chunk.data(), static_cast<std::size_t>(count)});
        waiting -= static_cast<int>(count);
    }
    return capture_.finish();
}

}  // namespace agent
