#include <csignal>

#include "base/log.hpp"
#include "cli/session.hpp"
#include "daemon/agent.hpp"

namespace agent::cli {
namespace {

// Gives the exit status.
Task<int> start_and_run(asio::io_context& loop, TimeSource& time, std::shared_ptr<const LoadedAgent> loaded) {
    AGENT_CO_TRY(auto agent, Agent::start(loop.get_executor(), time, std::move(loaded)));
    auto done = co_await agent->run();
    AGENT_CO_TRY(std::move(done));
    co_return int{fine};
}

// What the server refuses is known to be wrong, and outweighs what could not be determined.
Task<int> start_and_run_once(asio::io_context& loop, TimeSource& time, std::shared_ptr<const LoadedAgent> loaded) {
    AGENT_CO_TRY(auto agent, Agent::start(loop.get_executor(), time, std::move(loaded)));
    const auto round = co_await agent->run_once();
    for (const auto& refused : round.refused) complain(refused.message() + "; see `queue list`");
    if (round.failure) complain(round.failure->message());
    if (!round.refused.empty()) co_return int{not_fine};
    co_return round.failure ? int{undetermined} : int{fine};
}

int run(const CommandLine& line, bool once) {
    std::signal(SIGPIPE, SIG_IGN);
    auto outcome = load_agent_to_run(line.config);
    if (!outcome.faults.empty()) return failed_with(outcome.faults, line.config, "; nothing was started");
    for (const auto& remark : outcome.remarks) log_info(remark);
    for (const auto& refused : outcome.loaded->runbooks.refused())
        log_warning("not usable: " + refused.fault.to_string());
    asio::io_context loop{1};
    SystemTimeSource time;
    const auto begin = once ? &start_and_run_once : &start_and_run;
    const auto status = run_to_end(loop, begin(loop, time, std::move(outcome.loaded)));
    if (status.has_error()) return failed_with(status.error(), undetermined);
    return status.value();
}

}  // namespace

void add_run(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand("run", "The daemon, in the foreground");
    auto once = std::make_shared<bool>(false);
    command->add_flag("--once", *once, "one round of poll, execute, check and upload, then exit");
    command->callback([&line, once] { line.chosen = [&line, once] { return run(line, *once); }; });
}

}  // namespace agent::cli
