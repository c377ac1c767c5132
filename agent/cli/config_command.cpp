#include "cli/session.hpp"

namespace agent::cli {
namespace {

struct ConfigCheckOptions {
    std::filesystem::path file;
    bool json{};
};

int check(const CommandLine& line, const ConfigCheckOptions& options) {
    const auto& file = options.file.empty() ? line.config : options.file;
    auto outcome = load_agent(file, FileChecks::all);
    if (outcome.loaded && !outcome.loaded->runbooks.refused().empty()) {
        // The daemon goes on without them; whoever asks here wants to know.
        for (const auto& refused : outcome.loaded->runbooks.refused()) outcome.faults.push_back(refused.fault);
        outcome.loaded.reset();
    }
    if (outcome.loaded)
        for (const auto& closed : closed_keys_of(outcome.loaded->settings))
            outcome.remarks.push_back(closed.key + " was not looked into: " + closed.text);
    if (options.json) {
        Value::Array faults;
        for (const auto& fault : outcome.faults)
            faults.push_back(
                Value::object({{"file", fault.file}, {"line", fault.line}, {"key", fault.key}, {"fault", fault.text}}));
        print_json(Value::object({{"faults", std::move(faults)}, {"remarks", Value::strings(outcome.remarks)}}));
    } else {
        for (const auto& fault : outcome.faults) print_line(fault.to_string());
        for (const auto& remark : outcome.remarks) print_line("note: " + remark);
    }
    if (!outcome.loaded) {
        complain(std::to_string(outcome.faults.size()) + (outcome.faults.size() == 1 ? " fault" : " faults"));
        return bad_configuration;
    }
    if (!options.json)
        print_line(file.string() + ": fine, with " + std::to_string(outcome.loaded->runbooks.all().size()) +
                   " runbooks and " + std::to_string(outcome.loaded->keyring.keys.size()) + " order keys");
    return fine;
}

}  // namespace

void add_config(CLI::App& app, CommandLine& line) {
    auto* config = app.add_subcommand("config", "The configuration");
    config->require_subcommand(1);
    auto* command = config->add_subcommand("check", "Tells every fault of configuration, baseline and runbooks");
    auto options = std::make_shared<ConfigCheckOptions>();
    command->add_option("FILE", options->file, "instead of --config");
    command->add_flag("--json", options->json, "as JSON");
    command->callback([&line, options] { line.chosen = [&line, options] { return check(line, *options); }; });
}

}  // namespace agent::cli
