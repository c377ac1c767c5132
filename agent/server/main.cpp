// compliance-server: keeps orders for hosts, and the evidence they send.
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>

#include "server/exit_status.hpp"
#include "server/host_commands.hpp"
#include "server/run_server.hpp"
#include "server/version.hpp"

namespace {

int run(int argc, char** argv) {
    CLI::App app{"Order server of compliance-agent: offers signed orders to hosts and archives their evidence."};
    app.name("compliance-server");
    app.set_version_flag("--version", std::string{agent::server_version()});
    app.require_subcommand(1);

    std::string config = "/etc/compliance-server/server.yaml";
    const auto takes_config = [&config](CLI::App* command) {
        command->add_option("--config", config, "configuration file")->capture_default_str();
    };
    auto* serve =
        app.add_subcommand("run", "serve, in the foreground; SIGTERM stops, SIGHUP reloads keys and TLS files");
    takes_config(serve);

    auto* host = app.add_subcommand("host", "hosts whose evidence is taken");
    host->require_subcommand(1);
    agent::HostAddition addition;
    std::string evidence_key;
    auto* add = host->add_subcommand("add", "add an evidence key of a host; also while the server runs");
    takes_config(add);
    add->add_option("--site", addition.site_id, "site_id")->required();
    add->add_option("--host", addition.host_id, "host_id")->required();
    add->add_option("--evidence-key", evidence_key, "the host's evidence.pub (PEM)")->required();
    bool json = false;
    auto* list =
        host->add_subcommand("list", "hosts and the state of their chains; --json tells their evidence keys too");
    takes_config(list);
    list->add_flag("--json", json, "for programs");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const bool asked_for_help = app.exit(error) == 0;
        return asked_for_help ? agent::exit_status::fine : agent::exit_status::usage;
    }
    addition.evidence_key = evidence_key;
    if (serve->parsed()) return agent::run_server(config);
    if (add->parsed()) return agent::add_host(config, addition);
    return agent::print_hosts(config, json ? agent::ListFormat::json : agent::ListFormat::table);
}

}  // namespace

int main(int argc, char** argv) {
    ::umask(S_IRWXG | S_IRWXO);  // what the server writes is its own
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "compliance-server: " << error.what() << '\n';
        return agent::exit_status::undetermined;
    }
}
