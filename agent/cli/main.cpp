// compliance-agent: the daemon and everything an operator or auditor asks of it on the command line (INTERFACE.md).
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>

#include "base/text.hpp"
#include "cli/command_line.hpp"
#include "cli/output.hpp"
#include "daemon/version.hpp"

namespace {

using namespace agent::cli;

// CLI11 only says that a subcommand is required, also where a wrong one was given.
const std::string* unknown_command(const std::vector<std::string>& left_over) {
    const auto word =
        std::ranges::find_if(left_over, [](const std::string& each) { return !each.empty() && each[0] != '-'; });
    return word == left_over.end() ? nullptr : &*word;
}

int usage_error(const CLI::App& app, const CLI::ParseError& error) {
    if (dynamic_cast<const CLI::RequiredError*>(&error) == nullptr) return app.exit(error) == 0 ? fine : usage;
    const auto* group = &app;
    while (!group->get_subcommands().empty()) group = group->get_subcommands().front();
    const auto left_over = app.remaining(true);
    const auto* word = unknown_command(left_over);
    const auto commands = group->get_subcommands([](const CLI::App*) { return true; });
    if (word != nullptr && !commands.empty()) {
        std::vector<std::string_view> names;
        names.reserve(commands.size());
        for (const auto* command : commands) names.push_back(command->get_name());
        const auto meant = agent::nearest(*word, names);
        complain("unknown command " + agent::quoted(*word) +
                 (meant.empty() ? std::string{"; --help lists them"} : "; did you mean " + agent::quoted(meant) + "?"));
        return usage;
    }
    if (commands.empty()) return app.exit(error) == 0 ? fine : usage;
    std::cerr << group->help();
    return usage;
}

int flushed(int status) {
    std::cout.flush();
    if (std::cout) return status;
    complain("standard output could not be written");
    return undetermined;
}

// Also a subcommand's --help shows it, and it may stand anywhere.
void take_config(CLI::App& app, CommandLine& line) {
    app.add_option("--config", line.config, "configuration file")->type_name("FILE")->capture_default_str();
    for (auto* command : app.get_subcommands([](CLI::App*) { return true; })) take_config(*command, line);
}

int run(int argc, char** argv) {
    CLI::App app{"Drift checks, signed orders and signed evidence for this host.", "compliance-agent"};
    CommandLine line;
    app.set_version_flag("--version", "compliance-agent " + agent::agent_version());
    app.require_subcommand(1);
    app.fallthrough();
    add_run(app, line);
    add_check(app, line);
    add_status(app, line);
    add_config(app, line);
    add_order(app, line);
    add_evidence(app, line);
    add_queue(app, line);
    add_runbook(app, line);
    add_heal(app, line);
    add_revert(app, line);
    add_hold(app, line);
    add_key(app, line);
    add_completion(app, line);
    take_config(app, line);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return flushed(usage_error(app, error));
    }
    return flushed(line.chosen());
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "compliance-agent: " << error.what() << '\n';
        return agent::cli::undetermined;
    }
}
