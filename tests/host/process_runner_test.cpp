#include <fcntl.h>
#include <poll.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <optional>

#include "async/system_time_source.hpp"
#include "base/handle.hpp"
#include "host/posix_process_runner.hpp"
#include "support/fake_time.hpp"
#include "support/run.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Command command(const std::filesystem::path& program, std::vector<std::string> arguments) {
    Command made;
    made.program = program;
    made.arguments = std::move(arguments);
    return made;
}
Command script(std::string text) { return command("/bin/sh", {"-c", std::move(text)}); }

// A zombie counts as gone: nothing of it runs any more, and whoever adopted it reaps it when it likes.
bool is_gone_within(std::chrono::milliseconds limit, pid_t pid) {
    const Descriptor process{static_cast<int>(syscall(SYS_pidfd_open, pid, 0))};
    if (!process.valid()) return errno == ESRCH;
    pollfd exited{process.get(), POLLIN, 0};
    return poll(&exited, 1, static_cast<int>(limit.count())) == 1;
}
bool is_gone(pid_t pid) { return is_gone_within(std::chrono::milliseconds{0}, pid); }
bool is_gone_soon(pid_t pid) { return is_gone_within(std::chrono::seconds{2}, pid); }
pid_t number_in(const std::filesystem::path& file) {
    pid_t number{};
    std::ifstream{file} >> number;
    return number;
}

class ProcessRunner : public ::testing::Test {
protected:
    Result<CommandExit> run(Command what) { return testing::run(io, runner.run(std::move(what))); }

    asio::io_context io;
    SystemTimeSource time;
    PosixProcessRunner runner{time};
    testing::TemporaryDirectory folder;
};

TEST_F(ProcessRunner, HandsArgumentsOnUntouchedByAnyShell) {
    const auto exit = run(command("/bin/echo", {"$(id)", "`id`", "*", ";", "a  b"})).value();
    EXPECT_EQ(exit.status, 0);
    EXPECT_EQ(exit.standard_output.head, "$(id) `id` * ; a  b\n");
    EXPECT_TRUE(exit.standard_output.complete());
}

TEST_F(ProcessRunner, KeepsOutputAndErrorsApart) {
    const auto exit = run(script("echo out; echo err >&2; exit 3")).value();
    EXPECT_EQ(exit.status, 3);
    EXPECT_EQ(exit.standard_output.head, "out\n");
    EXPECT_EQ(exit.standard_error.head, "err\n");
}

TEST_F(ProcessRunner, TellsDeathByASignal) { EXPECT_EQ(run(script("kill -TERM $$")).value().status, 128 + SIGTERM); }

TEST_F(ProcessRunner, HandsOnNothingOfOurEnvironment) {
    ASSERT_EQ(setenv("COMPLIANCE_SECRET", "do not leak", 1), 0);
    auto what = command("/usr/bin/env", {});
    what.environment = {"EXTRA=yes"};
    const auto exit = run(std::move(what)).value();
    ASSERT_EQ(unsetenv("COMPLIANCE_SECRET"), 0);
    EXPECT_EQ(exit.standard_output.head, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C.UTF-8\nEXTRA=yes\n");
}

TEST_F(ProcessRunner, HandsOnNoDescriptorAndAnEmptyInput) {
    const int ours = open("/etc/passwd", O_RDONLY);  // deliberately without O_CLOEXEC
    const auto exit = run(script("ls /proc/self/fd; cat; pwd")).value();
    close(ours);
    // 3 is the folder that ls itself reads.
    EXPECT_EQ(exit.standard_output.head, "0\n1\n2\n3\n/\n");
}

TEST_F(ProcessRunner, HandsOnAnInputThatCanBeReadTwice) {
    auto command = script("cat; cat /dev/stdin | wc -c");
    command.input = std::string(200'000, 'x') + "\n";
    command.head_limit = 400'000;
    const auto exit = run(std::move(command)).value();
    EXPECT_EQ(exit.standard_output.head, std::string(200'000, 'x') + "\n200001\n");
}

TEST_F(ProcessRunner, StartsProgramsWithoutOurBlockedOrIgnoredSignals) {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &blocked, nullptr), 0);
    const auto before = signal(SIGPIPE, SIG_IGN);
    const auto masks = run(command("/bin/grep", {"-oP", "Sig(Blk|Ign):\\t\\K.*", "/proc/self/status"})).value();
    signal(SIGPIPE, before);
    ASSERT_EQ(pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr), 0);
    std::istringstream lines{masks.standard_output.head};
    std::uint64_t blocked_there = 1;
    std::uint64_t ignored_there = 1;
    ASSERT_TRUE(lines >> std::hex >> blocked_there >> ignored_there);
    EXPECT_EQ(blocked_there, 0U);
    // 32 and 33 belong to the C library and stay as our own parent set them.
    EXPECT_EQ(ignored_there & 0x7fffffffU, 0U);
}

TEST_F(ProcessRunner, RefusesAProgramWithoutAnAbsolutePath) {
    const auto refused = run(command("echo", {"x"}));
    EXPECT_EQ(refused.error().code(), Errc::malformed);
    EXPECT_THAT(refused.error().message(), HasSubstr("absolute"));
}

TEST_F(ProcessRunner, RefusesAnArgumentThatAZeroByteWouldCutShort) {
    EXPECT_EQ(run(command("/bin/echo", {std::string{"a\0b", 3}})).error().code(), Errc::malformed);
}

TEST_F(ProcessRunner, NamesAProgramThatDoesNotExist) {
    const auto missing = run(command("/no/such/program", {}));
    EXPECT_EQ(missing.error().code(), Errc::not_found);
    EXPECT_THAT(missing.error().message(), HasSubstr("/no/such/program"));
}

TEST_F(ProcessRunner, NamesTheRightThatIsMissingToRunAFile) {
    const auto plain = run(command(folder.write("plain", "#!/bin/sh\n"), {}));
    EXPECT_EQ(plain.error().code(), Errc::system);
    EXPECT_THAT(plain.error().message(), HasSubstr("needs the right to execute"));
}

TEST_F(ProcessRunner, KeepsHeadAndTailOfOutputThatIsTooLong) {
    auto what = script("printf 'begin'; head -c 100000 /dev/zero | tr '\\0' 'x'; printf 'the end'");
    what.head_limit = 10;
    what.tail_limit = 7;
    const auto output = run(std::move(what)).value().standard_output;
    EXPECT_EQ(output.head, "beginxxxxx");
    EXPECT_EQ(output.tail, "the end");
    EXPECT_EQ(output.dropped, 5 + 100'000 + 7 - 17U);
}

TEST_F(ProcessRunner, DrainsAHundredMegabytesInConstantMemory) {
    rusage before{};
    getrusage(RUSAGE_SELF, &before);
    const auto output = run(command("/usr/bin/head", {"-c", "100000000", "/dev/zero"})).value().standard_output;
    rusage after{};
    getrusage(RUSAGE_SELF, &after);
    EXPECT_EQ(output.head.size() + output.tail.size() + output.dropped, 100'000'000U);
    // A third of what was printed: a sanitizer keeps what was freed for a while.
    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 32 * 1024) << "kilobytes";
}

TEST_F(ProcessRunner, EndsAProgramThatWritesALargerFileThanItMay) {
    const auto file = folder.path() / "large";
    // It begins once the limit holds, which is a moment after its start.
    auto what = script("until grep -q '^Max file size *100000 ' /proc/$$/limits; do :; done; exec dd if=/dev/zero of=" +
                       file.string() + " bs=4096 count=25000");
    what.file_limit = 100'000;
    const auto exit = run(std::move(what)).value();
    EXPECT_EQ(exit.status, 128 + SIGXFSZ);
    EXPECT_EQ(std::filesystem::file_size(file), 100'000U);
}

TEST_F(ProcessRunner, EndsTheWholeGroupAtItsDeadlineAndSaysTimedOut) {
    const auto pids = folder.path() / "pid";
    auto what = script("sleep 100 & echo $! > " + pids.string() + "; echo begun; sleep 100");
    what.deadline = Duration{1'500};
    const auto late = run(std::move(what));
    EXPECT_EQ(late.error().code(), Errc::timed_out);
    EXPECT_THAT(late.error().message(), HasSubstr("/bin/sh"));
    ASSERT_GT(number_in(pids), 0);
    EXPECT_TRUE(is_gone_soon(number_in(pids)));
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child was left unreaped";
}

TEST_F(ProcessRunner, EndsWhatAProgramLeftRunningInItsGroup) {
    const auto pids = folder.path() / "pid";
    const auto exit = run(script("sleep 100 & echo $! > " + pids.string())).value();
    EXPECT_EQ(exit.status, 0);
    EXPECT_TRUE(is_gone_soon(number_in(pids)));
}

TEST_F(ProcessRunner, DoesNotWaitForADaemonThatHoldsTheOutputOpen) {
    const auto pids = folder.path() / "pid";
    // The daemon leaves the group but keeps the pipe.
    const auto exit = run(script("setsid sh -c 'echo $$ > " + pids.string() + "; exec sleep 100' & while ! [ -s " +
                                 pids.string() + " ]; do :; done; echo done"))
                          .value();
    EXPECT_EQ(exit.standard_output.head, "done\n");
    EXPECT_LT(exit.took, Duration{10'000});
    ASSERT_GT(number_in(pids), 0);
    EXPECT_EQ(kill(number_in(pids), SIGKILL), 0);
}

TEST_F(ProcessRunner, LeavesNoDescriptorBehind) {
    const auto count = [] { return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, {}); };
    static_cast<void>(run(script("true")));
    const auto before = count();
    for (int i = 0; i < 20; ++i) static_cast<void>(run(script("echo x")));
    static_cast<void>(run(command("/no/such/program", {})));
    EXPECT_EQ(count(), before);
}

// What a stop does to a run, as the daemon stops its loops.
std::optional<Error> stopped_run(asio::io_context& io, PosixProcessRunner& runner, Command what,
                                 const std::function<bool()>& begun) {
    asio::cancellation_signal stop;
    std::optional<Error> error;
    auto keep = [](PosixProcessRunner& by, Command which, std::optional<Error>& out) -> asio::awaitable<void> {
        auto result = co_await by.run(std::move(which));
        if (result.has_error()) out = std::move(result).error();
    };
    asio::co_spawn(io, keep(runner, std::move(what), error),
                   asio::bind_cancellation_slot(stop.slot(), [](const std::exception_ptr& thrown) {
                       if (thrown) std::rethrow_exception(thrown);
                   }));
    while (!begun()) io.run_for(std::chrono::milliseconds{5});
    stop.emit(asio::cancellation_type::terminal);
    io.run();
    return error;
}

TEST_F(ProcessRunner, AStopIsNoTimeOutAndLeavesNothingBehind) {
    const auto pids = folder.path() / "pid";
    const auto error = stopped_run(io, runner, script("echo $$ > " + pids.string() + "; sleep 100"),
                                   [&pids] { return number_in(pids) > 0; });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Errc::cancelled);
    EXPECT_TRUE(is_gone(number_in(pids)));
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child was left unreaped";
}

TEST(ProcessRunnerUnderSteppedTime, WaitsForItsDeadlineAndNoLonger) {
    asio::io_context io;
    testing::FakeTime time;
    PosixProcessRunner runner{time};
    auto what = script("sleep 100");
    what.deadline = Duration{60'000};
    std::optional<Error> error;
    auto keep = [](PosixProcessRunner& by, Command which, std::optional<Error>& out) -> asio::awaitable<void> {
        auto result = co_await by.run(std::move(which));
        if (result.has_error()) out = std::move(result).error();
    };
    asio::co_spawn(io, keep(runner, std::move(what), error), [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
    });
    io.run_for(std::chrono::milliseconds{50});
    time.advance(Duration{59'999});
    io.run_for(std::chrono::milliseconds{50});
    EXPECT_FALSE(error);
    time.advance(Duration{1});
    io.run();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Errc::timed_out);
    EXPECT_THAT(error->message(), StartsWith("running \"/bin/sh\": "));
}

}  // namespace
}  // namespace agent
