// compliance-agent: the daemon and everything an operator or auditor asks of it on the command line (INTERFACE.md).
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <iostream>

#include "cli/command_line.hpp"
#include "cli/output.hpp"
#include "daemon/version.hpp"

namespace {

int run(int argc, char** argv) {
    using namespace agent::cli;
    CLI::App app{"Drift checks, signed orders and signed evidence for this host.", "compliance-agent"};
    CommandLine line;
    app.set_version_flag("--version", "compliance-agent " + agent::agent_version());
    app.add_option("--config", line.config, "configuration file")->capture_default_str();
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
    add_hold(app, line);
    add_key(app, line);
    add_completion(app, line);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? fine : usage;
    }
    const int status = line.chosen();
    std::cout.flush();
    if (!std::cout) {
        complain("standard output could not be written");
        return status == fine ? undetermined : status;
    }
    return status;
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
