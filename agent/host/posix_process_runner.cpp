#include "host/posix_process_runner.hpp"

#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>
#include <vector>

#include "async/deadline.hpp"
#include "base/text.hpp"
#include "host/child_process.hpp"
#include "host/output_capture.hpp"

namespace agent {
namespace {

using Stream = asio::posix::stream_descriptor;
constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t pipe_chunk = 16UL * 1024UL;
// A killed program is gone within milliseconds unless the kernel itself is stuck; nobody waits longer for that.
constexpr std::chrono::seconds patience_after_kill{2};

struct Watched {
    ChildProcess child;
    Stream exited;
    Stream standard_output;
    Stream standard_error;
    OutputCapture output;
    OutputCapture error;
};

Result<> attach(Stream& stream, Descriptor& descriptor) {
    boost::system::error_code failed;
    stream.assign(descriptor.get(), failed);
    if (failed) return system_error(failed.value(), "watching a program");
    static_cast<void>(descriptor.release());
    return ok();
}

Result<> attach(Watched& watched) {
    AGENT_TRY(attach(watched.exited, watched.child.exited));
    AGENT_TRY(attach(watched.standard_output, watched.child.standard_output));
    return attach(watched.standard_error, watched.child.standard_error);
}

// Reads on and on; ends only by being cancelled, since the end of a stream is not the end of the program.
asio::awaitable<void> pump(Stream& stream, OutputCapture& capture) {
    std::vector<char> chunk(pipe_chunk);
    for (;;) {
        const auto buffer = asio::buffer(chunk);
        const auto [failed, count] = co_await stream.async_read_some(buffer, as_values);
        if (failed == asio::error::operation_aborted) co_return;
        if (failed) break;
        capture.append({chunk.data(), count});
    }
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer never{executor, asio::steady_timer::time_point::max()};
    static_cast<void>(co_await never.async_wait(as_values));
}

asio::awaitable<bool> exit_of(Stream& exited) {
    const auto [failed] = co_await exited.async_wait(Stream::wait_read, as_values);
    co_return !failed;
}

Task<> watch(Watched& watched) {
    using asio::experimental::awaitable_operators::operator||;
    const auto first = co_await (exit_of(watched.exited) || pump(watched.standard_output, watched.output) ||
                                 pump(watched.standard_error, watched.error));
    if (first.index() != 0 || !std::get<0>(first)) co_return Error{Errc::cancelled, "stopped while a program ran"};
    co_return ok();
}

// What is in the pipe now. Reading until its end instead would wait for whoever left the group and holds it open.
void drain(Stream& stream, OutputCapture& capture) {
    int waiting{};
    if (ioctl(stream.native_handle(), FIONREAD, &waiting) != 0) return;
    std::vector<char> chunk(pipe_chunk);
    while (waiting > 0) {
        const auto most = std::min(chunk.size(), static_cast<std::size_t>(waiting));
        const auto count = ::read(stream.native_handle(), chunk.data(), most);
        if (count <= 0) return;
        capture.append({chunk.data(), static_cast<std::size_t>(count)});
        waiting -= static_cast<int>(count);
    }
}

// Waits, uncancellable but not for long, until the killed program is gone.
asio::awaitable<void> await_exit(Stream& exited) {
    using asio::experimental::awaitable_operators::operator||;
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer patience{executor, patience_after_kill};
    static_cast<void>(co_await (exit_of(exited) || patience.async_wait(as_values)));
}

bool is_cancelled(const asio::cancellation_state& state) { return state.cancelled() != asio::cancellation_type::none; }

}  // namespace

Task<CommandExit> PosixProcessRunner::run(Command command) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (is_cancelled(state)) co_return Error{Errc::cancelled, "stopped before a program was started"};
    const auto executor = co_await asio::this_coro::executor;
    reap_stragglers();

    const auto started = time_.mono_now();
    AGENT_CO_TRY(auto child, ChildProcess::start(command));
    Watched watched{std::move(child),
                    Stream{executor},
                    Stream{executor},
                    Stream{executor},
                    OutputCapture{command.head_limit, command.tail_limit},
                    OutputCapture{command.head_limit, command.tail_limit}};
    AGENT_CO_TRY(attach(watched));
    auto ended = co_await with_deadline(time_, command.deadline, watch(watched));

    // On every way out: first the group, then the program's own end, and only then its number is given back.
    watched.child.kill_group();
    drain(watched.standard_output, watched.output);
    drain(watched.standard_error, watched.error);
    CommandExit exit;
    if (!watched.child.reap(exit.status)) {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        co_await await_exit(watched.exited);
        if (!watched.child.reap(exit.status)) stragglers_.push_back(watched.child.abandon());
    }
    if (ended.has_error())
        co_return std::move(ended).error().in_context("running " + agent::quoted(command.program.native()));
    exit.standard_output = watched.output.finish();
    exit.standard_error = watched.error.finish();
    exit.took = time_.mono_now() - started;
    co_return exit;
}

void PosixProcessRunner::reap_stragglers() {
    const auto gone = [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; };
    stragglers_.erase(std::remove_if(stragglers_.begin(), stragglers_.end(), gone), stragglers_.end());
}

}  // namespace agent
