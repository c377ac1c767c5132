#include "host/posix_process_runner.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "async/cancelled.hpp"
#include "async/deadline.hpp"
#include "base/text.hpp"
#include "host/child_process.hpp"
#include "host/output_pipe.hpp"

namespace agent {
namespace {

using Stream = asio::posix::stream_descriptor;
constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
// A killed program is gone within milliseconds unless the kernel itself is stuck; nobody waits longer for that.
constexpr std::chrono::seconds patience_after_kill{2};

struct Watched {
    ChildProcess child;
    Stream exited;
    OutputPipe output;
    OutputPipe error;
};

Result<> attach(Watched& watched) {
    boost::system::error_code failed;
    watched.exited.assign(watched.child.exited.get(), failed);
    if (failed) return system_error(failed.value(), "watching a program");
    static_cast<void>(watched.child.exited.release());
    AGENT_TRY(watched.output.attach(watched.child.standard_output));
    return watched.error.attach(watched.child.standard_error);
}

asio::awaitable<bool> exit_of(Stream& exited) {
    const auto [failed] = co_await exited.async_wait(Stream::wait_read, as_values);
    co_return !failed;
}

Task<> watch(Watched& watched) {
    using asio::experimental::awaitable_operators::operator||;
    const auto first = co_await (exit_of(watched.exited) || watched.output.pump() || watched.error.pump());
    if (first.index() != 0 || !std::get<0>(first)) co_return Error{Errc::cancelled, "stopped while a program ran"};
    co_return ok();
}

// Waits, uncancellable but not for long, until the killed program is gone.
asio::awaitable<void> await_exit(Stream& exited) {
    using asio::experimental::awaitable_operators::operator||;
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer patience{executor, patience_after_kill};
    static_cast<void>(co_await (exit_of(exited) || patience.async_wait(as_values)));
}

}  // namespace

Task<CommandExit> PosixProcessRunner::run(Command command) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (is_cancelled(state)) co_return Error{Errc::cancelled, "stopped before a program was started"};
    const auto executor = co_await asio::this_coro::executor;
    reap_stragglers();

    const auto started = time_.mono_now();
    AGENT_CO_TRY(auto child, ChildProcess::start(command));
    Watched watched{std::move(child), Stream{executor}, OutputPipe{executor, command.head_limit, command.tail_limit},
                    OutputPipe{executor, command.head_limit, command.tail_limit}};
    AGENT_CO_TRY(attach(watched));
    auto ended = co_await with_deadline(time_, command.deadline, watch(watched));

    // On every way out: first the group, then the program's own end, and only then its number is given back.
    watched.child.kill_group();
    auto output = watched.output.finish();
    auto error = watched.error.finish();
    CommandExit exit;
    if (!watched.child.reap(exit.status)) {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        co_await await_exit(watched.exited);
        if (!watched.child.reap(exit.status)) stragglers_.push_back(watched.child.abandon());
    }
    if (ended.has_error())
        co_return std::move(ended).error().in_context("running " + agent::quoted(command.program.native()));
    exit.standard_output = std::move(output);
    exit.standard_error = std::move(error);
    exit.took = time_.mono_now() - started;
    co_return exit;
}

void PosixProcessRunner::reap_stragglers() {
    const auto gone = [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; };
    stragglers_.erase(std::remove_if(stragglers_.begin(), stragglers_.end(), gone), stragglers_.end());
}

}  // namespace agent
