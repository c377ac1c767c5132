#include "host/transient_unit_runner.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <vector>

#include "async/cancelled.hpp"
#include "async/deadline.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "host/command_parts.hpp"
#include "host/output_pipe.hpp"
#include "host/step_unit_name.hpp"
#include "host/transient_unit.hpp"

namespace agent {
namespace {

// With a bus or a service manager that does not answer.
constexpr Duration bus_patience{10'000};
// What systemd itself exits with where it could not set a program up: systemd.exec(5), "Process Exit Codes".
constexpr int first_of_systemd = 200;
constexpr int last_of_systemd = 243;

bool can_use_units() { return ::geteuid() == 0 && is_run_by_systemd(); }

// What cannot be written to the bus.
bool has_odd_words(const Command& command) {
    const auto is_odd = [](const std::string& word) { return invalid_utf8_at(word) != std::string_view::npos; };
    return is_odd(command.program.native()) || std::ranges::any_of(command.arguments, is_odd);
}

// systemd would say so only in its log.
Result<> look_for(const std::filesystem::path& program) {
    if (::access(program.c_str(), X_OK) == 0) return ok();
    if (errno == ENOENT || errno == ENOTDIR) return Error{Errc::not_found, "no such program: " + program.native()};
    if (errno == EACCES) return Error{Errc::system, "needs the right to execute " + program.native()};
    return system_error(errno, "looking for " + program.native());
}

std::string next_unit_name(WhenOrphaned when_orphaned) {
    static std::atomic<std::uint64_t> made{0};
    return StepUnit{identity_of(::getpid()).value_or(ProcessIdentity{}), ++made, when_orphaned}.name();
}

// The unit of one command and our ends of its pipes.
struct Watched {
    TransientUnit unit;
    OutputPipe output;
    OutputPipe error;
};

Result<ProgramEnds> make_ends(const Command& command, Watched& watched) {
    AGENT_TRY(auto output, make_pipe());
    AGENT_TRY(auto error, make_pipe());
    AGENT_TRY(watched.output.attach(output.read_end));
    AGENT_TRY(watched.error.attach(error.read_end));
    ProgramEnds ends;
    ends.output = std::move(output.write_end);
    ends.error = std::move(error.write_end);
    if (!command.input.empty()) {
        AGENT_TRY(ends.input, hold_in_memory(command.input));
    }
    if (!command.environment.empty()) {
        AGENT_TRY(ends.environment, hold_in_memory(environment_file_of(command)));
    }
    return ends;
}

Task<int> watch(Watched& watched, TimeSource& time, const std::string& bus_address) {
    using asio::experimental::awaitable_operators::operator||;
    auto first = co_await (watched.unit.end(time, bus_address) || watched.output.pump() || watched.error.pump());
    if (first.index() == 0) co_return std::get<0>(std::move(first));
    co_return Error{Errc::cancelled, "stopped while a program ran"};
}

Task<int> start_and_watch(Watched& watched, const Command& command, TimeSource& time, const std::string& bus_address) {
    AGENT_CO_TRY(auto ends, make_ends(command, watched));
    auto started = co_await watched.unit.start(command, ends);
    AGENT_CO_TRY(std::move(started));
    ends.output.reset();
    ends.error.reset();
    auto status = co_await watch(watched, time, bus_address);
    co_return status;
}

Result<> understand(int status, const CapturedOutput& output, const CapturedOutput& error, const Command& command) {
    if (status < first_of_systemd || status > last_of_systemd || !output.head.empty() || !error.head.empty())
        return ok();
    return Error{Errc::system, "systemd could not start " + agent::quoted(command.program.native()) +
                                   " as it was asked to (exit status " + std::to_string(status) +
                                   " of systemd.exec(5)); see: journalctl -u 'compliance-agent-step-*'"};
}

Task<std::vector<std::string>> names_of_step_units(SystemBus& bus) {
    AGENT_CO_TRY(auto message, bus.new_call(manager_path, manager_interface, "ListUnitsByPatterns"));
    const int failed = sd_bus_message_append(message.get(), "asas", 0, 1, step_units_pattern);
    if (failed < 0) co_return system_error(-failed, "asking the service manager");
    auto called = co_await bus.call(std::move(message));
    AGENT_CO_TRY(const auto answer, std::move(called));
    std::vector<std::string> names;
    int read = sd_bus_message_enter_container(answer.get(), 'a', "(ssssssouso)");
    while (read >= 0) {
        const char* name{};
        read = sd_bus_message_enter_container(answer.get(), 'r', "ssssssouso");
        if (read == 0) co_return names;
        if (read >= 0) read = sd_bus_message_read(answer.get(), "s", &name);
        if (read >= 0) names.emplace_back(name);
        if (read >= 0) read = sd_bus_message_skip(answer.get(), "sssssouso");
        if (read >= 0) read = sd_bus_message_exit_container(answer.get());
    }
    co_return unreadable_answer(read);
}

}  // namespace

Task<> TransientUnitRunner::settle() {
    if (!can_use_units()) co_return ok();
    const auto executor = co_await asio::this_coro::executor;
    auto opened = SystemBus::open(executor, bus_address_);
    if (opened.has_error()) co_return std::move(opened).error();
    auto listed = co_await with_deadline(time_, bus_patience, names_of_step_units(opened.value()));
    AGENT_CO_TRY(const auto names, std::move(listed));
    for (const auto& name : names) {
        const auto unit = StepUnit::parse(name);
        if (!unit || !unit->is_orphaned()) continue;
        AGENT_CO_TRY(auto bus, SystemBus::open(executor, bus_address_));
        TransientUnit left{std::move(bus), name};
        auto listening = co_await with_deadline(time_, bus_patience, left.listen());
        AGENT_CO_TRY(std::move(listening));
        const bool is_awaited = unit->when_orphaned == WhenOrphaned::awaited;
        log_warning(is_awaited ? "waiting for a program that an agent which is gone had started"
                               : "ending a program that an agent which is gone had started",
                    {{"unit", name}});
        auto work = is_awaited ? left.outlast(time_) : with_deadline(time_, bus_patience, left.kill());
        auto gone = co_await std::move(work);
        AGENT_CO_TRY(in_context(std::move(gone), name));
    }
    co_return ok();
}

Task<CommandExit> TransientUnitRunner::run(Command command) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (is_cancelled(state)) co_return Error{Errc::cancelled, "stopped before a program was started"};
    AGENT_CO_TRY(check_words(command));
    const auto executor = co_await asio::this_coro::executor;
    if (!can_use_units() || has_odd_words(command)) co_return co_await elsewhere_.run(std::move(command));
    AGENT_CO_TRY(look_for(command.program));
    auto bus = SystemBus::open(executor, bus_address_);
    if (bus.has_error()) {
        log_warning("a program runs without a unit of its own: " + bus.error().message());
        co_return co_await elsewhere_.run(std::move(command));
    }
    Watched watched{TransientUnit{std::move(bus).value(), next_unit_name(command.when_orphaned)},
                    OutputPipe{executor, command.head_limit, command.tail_limit},
                    OutputPipe{executor, command.head_limit, command.tail_limit}};
    auto listening = co_await with_deadline(time_, bus_patience, watched.unit.listen());
    if (listening.has_error() && listening.error().code() != Errc::cancelled) {
        log_warning("a program runs without a unit of its own: " + listening.error().message());
        co_return co_await elsewhere_.run(std::move(command));
    }
    AGENT_CO_TRY(std::move(listening));

    const auto started = time_.mono_now();
    auto work = start_and_watch(watched, command, time_, bus_address_);
    auto ended = co_await with_deadline(time_, command.deadline, std::move(work));
    if (ended.has_error()) {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        auto killed = co_await with_deadline(time_, bus_patience, watched.unit.kill());
        if (killed.has_error())
            log_warning("a program could not be ended, systemd does that later: " + killed.error().message());
        co_return std::move(ended).error().in_context("running " + agent::quoted(command.program.native()));
    }
    CommandExit exit;
    exit.status = ended.value();
    exit.standard_output = watched.output.finish();
    exit.standard_error = watched.error.finish();
    exit.took = time_.mono_now() - started;
    AGENT_CO_TRY(understand(exit.status, exit.standard_output, exit.standard_error, command));
    co_return exit;
}

}  // namespace agent
