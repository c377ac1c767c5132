#include <csignal>

#include "base/log.hpp"
#include "cli/session.hpp"
#include "daemon/agent.hpp"

namespace agent::cli {
namespace {

Task<> start_and_run(asio::io_context& loop, TimeSource& time, std::shared_ptr<const LoadedAgent> loaded, bool once) {
    AGENT_CO_TRY(auto agent, Agent::start(loop.get_executor(), time, std::move(loaded)));
    if (once) {
        auto done = co_await agent->run_once();
        co_return done;
    }
    auto done = co_await agent->run();
    co_return done;
}

int run(const CommandLine& line, bool once) {
    std::signal(SIGPIPE, SIG_IGN);
    auto outcome = load_agent_to_run(line.config);
    if (!outcome.faults.empty()) return failed_with(outcome.faults, line.config, "; nothing was started");
    for (const auto& remark : outcome.remarks) log_info(remark);
    asio::io_context loop{1};
    SystemTimeSource time;
    const auto done = run_to_end(loop, start_and_run(loop, time, std::move(outcome.loaded), once));
    if (done.has_error()) return failed_with(done.error(), undetermined);
    return fine;
}

}  // namespace

void add_run(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand("run", "The daemon, in the foreground");
    auto once = std::make_shared<bool>(false);
    command->add_flag("--once", *once, "one round of poll, execute, check and upload, then exit");
    command->callback([&line, once] { line.chosen = [&line, once] { return run(line, *once); }; });
}

}  // namespace agent::cli
