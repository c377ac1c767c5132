#pragma once
// The command line: one file per subcommand, each of which adds itself here.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <filesystem>
#include <functional>

namespace agent::cli {

struct CommandLine {
    std::filesystem::path config{"/etc/compliance-agent/agent.yaml"};
    std::function<int()> chosen;  // what the words on the command line ask for; gives the exit status
};

void add_run(CLI::App& app, CommandLine& line);
void add_check(CLI::App& app, CommandLine& line);
void add_status(CLI::App& app, CommandLine& line);
void add_config(CLI::App& app, CommandLine& line);
void add_key(CLI::App& app, CommandLine& line);
void add_order(CLI::App& app, CommandLine& line);
void add_local_order_commands(CLI::App& order, CommandLine& line);
void add_evidence(CLI::App& app, CommandLine& line);
void add_queue(CLI::App& app, CommandLine& line);
void add_runbook(CLI::App& app, CommandLine& line);
void add_runbook_new(CLI::App& runbook, CommandLine& line);
void add_runbook_sign(CLI::App& runbook, CommandLine& line);
void add_heal(CLI::App& app, CommandLine& line);
void add_revert(CLI::App& app, CommandLine& line);
void add_hold(CLI::App& app, CommandLine& line);
void add_completion(CLI::App& app, CommandLine& line);

}  // namespace agent::cli
