#include "base/text.hpp"
#include "cli/session.hpp"
#include "host/files.hpp"

namespace agent::cli {
namespace {

Value json_of(const Runbook& runbook) {
    Value::Array steps;
    for (const auto& step : runbook.steps) steps.push_back(Value{step->name()});
    Value::Array rollback;
    for (const auto& step : runbook.rollback) rollback.push_back(Value{step->name()});
    Value::Array parameters;
    for (const auto& parameter : runbook.parameters.parameters)
        parameters.push_back(Value::object({{"name", parameter.name},
                                            {"description", parameter.description},
                                            {"default", parameter.fallback.value_or(Value{})},
                                            {"required", !parameter.fallback.has_value()}}));
    return Value::object({{"id", runbook.id.str()},
                          {"name", runbook.name},
                          {"description", runbook.description},
                          {"file", runbook.file.string()},
                          {"sha256", runbook.sha256},
                          {"repairs", runbook.repairs ? Value{runbook.repairs->str()} : Value{}},
                          {"severity", to_string(runbook.severity)},
                          {"disruptive", runbook.disruptive},
                          {"changes_host", runbook.changes_host()},
                          {"params", std::move(parameters)},
                          {"steps", std::move(steps)},
                          {"rollback", std::move(rollback)}});
}

int list_runbooks(const CommandLine& line, bool json) {
    const auto [loaded, status] = load(line, FileChecks::all);
    if (!loaded) return status;
    for (const auto& refused : loaded->runbooks.refused()) complain("not usable: " + refused.fault.to_string());
    if (json) {
        Value::Array items;
        for (const auto& runbook : loaded->runbooks.all()) items.push_back(json_of(*runbook));
        print_json(Value::object({{"runbooks", std::move(items)}}));
        return fine;
    }
    Table table{{"ID", "REPAIRS", "DISRUPTIVE", "NAME"}};
    for (const auto& runbook : loaded->runbooks.all())
        table.add({runbook->id.str(), runbook->repairs ? runbook->repairs->str() : "-",
                   runbook->disruptive ? "yes" : "no", runbook->name});
    table.print();
    return fine;
}

int show_runbook(const CommandLine& line, const std::string& id, bool json) {
    const auto [loaded, status] = load(line, FileChecks::all);
    if (!loaded) return status;
    const auto* runbook = loaded->runbooks.find(RunbookId{id});
    if (runbook == nullptr) {
        complain(missing_runbook(*loaded, RunbookId{id}));
        return undetermined;
    }
    if (json) {
        print_json(json_of(*runbook));
        return fine;
    }
    constexpr std::size_t most = 1024UL * 1024UL;
    const auto text = read_file(runbook->file, most);
    if (text.has_error()) return failed_with(text.error(), undetermined);
    print_line("# " + runbook->file.string() + ", sha256 " + runbook->sha256);
    print_line(text.value());
    return fine;
}

}  // namespace

void add_runbook(CLI::App& app, CommandLine& line) {
    auto* runbook = app.add_subcommand("runbook", "Runbooks of this host");
    runbook->require_subcommand(1);
    auto* list_command = runbook->add_subcommand("list", "All of them");
    auto list_json = std::make_shared<bool>(false);
    list_command->add_flag("--json", *list_json, "as JSON");
    list_command->callback(
        [&line, list_json] { line.chosen = [&line, list_json] { return list_runbooks(line, *list_json); }; });

    auto* show_command = runbook->add_subcommand("show", "One, as it is written");
    auto id = std::make_shared<std::string>();
    auto show_json = std::make_shared<bool>(false);
    show_command->add_option("ID", *id, "runbook id")->required();
    show_command->add_flag("--json", *show_json, "what the agent read of it, as JSON");
    show_command->callback([&line, id, show_json] {
        line.chosen = [&line, id, show_json] { return show_runbook(line, *id, *show_json); };
    });
    add_runbook_new(*runbook, line);
    add_runbook_sign(*runbook, line);
}

}  // namespace agent::cli
