#include <algorithm>

#include "cli/learn.hpp"
#include "cli/session.hpp"
#include "daemon/check_round.hpp"
#include "drift/baseline.hpp"
#include "host/posix_process_runner.hpp"
#include "host/systemd_units.hpp"

namespace agent::cli {
namespace {

struct CheckOptions {
    std::vector<std::string> names;
    bool json{};
    bool explain{};
    bool learn{};
};

Value json_of(const CheckReport& report) {
    Value::Array findings;
    for (const auto& finding : report.findings)
        findings.push_back(
            Value::object({{"condition", finding.condition},
                           {"result", to_string(finding.result)},
                           {"severity", finding.severity ? Value{to_string(*finding.severity)} : Value{}},
                           {"expected", finding.expected},
                           {"found", finding.found},
                           {"reason", finding.reason}}));
    return Value::object(
        {{"check", report.name.str()},
         {"result", to_string(report.result)},
         {"severity", report.severity ? Value{to_string(*report.severity)} : Value{}},
         {"reason", report.reason},
         {"findings", std::move(findings)},
         {"facts", report.facts},
         {"recommended_runbook", report.recommended_runbook ? Value{report.recommended_runbook->str()} : Value{}},
         {"hipaa_controls", Value::strings(report.controls.hipaa)},
         {"framework_mappings", Value::object({{"nist_800_53", Value::strings(report.controls.nist_800_53)}})},
         {"duration_ms", (report.ended - report.started).count()}});
}

// What is known to be wrong outweighs what could not be determined.
int status_of(const std::vector<CheckReport>& reports) {
    const auto any = [&](auto... results) {
        return std::any_of(reports.begin(), reports.end(),
                           [&](const CheckReport& report) { return ((report.result == results) || ...); });
    };
    if (any(CheckResult::drift)) return not_fine;
    return any(CheckResult::error, CheckResult::timeout) ? undetermined : fine;
}

void print_table(const std::vector<CheckReport>& reports) {
    Table table{{"CHECK", "RESULT", "SEVERITY", "RUNBOOK"}};
    for (const auto& report : reports) {
        table.add({report.name.str(), std::string{to_string(report.result)},
                   report.severity ? std::string{to_string(*report.severity)} : "-",
                   !is_fine(report.result) && report.recommended_runbook ? report.recommended_runbook->str() : "-"},
                  colour_of(report.result));
        for (const auto& finding : report.findings)
            if (finding.result != CheckResult::pass) table.note(finding.condition + ": " + finding.reason);
    }
    table.print();
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

// The baseline may have chosen others than the check itself would.
std::string in_words(const Controls& controls) {
    std::string text;
    if (!controls.hipaa.empty()) text = "45 CFR " + joined(controls.hipaa);
    if (!controls.nist_800_53.empty())
        text += (text.empty() ? "" : "; ") + ("NIST 800-53 " + joined(controls.nist_800_53));
    return text.empty() ? "no control" : text;
}

int explain(const LoadedAgent& loaded, const std::vector<std::string>& names, bool json) {
    bool found = false;
    Value::Array told;
    for (const auto& check : loaded.baseline.checks) {
        const auto& name = check->settings().name.str();
        if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) continue;
        const auto& controls = check->settings().controls;
        if (json)
            told.push_back(Value::object(
                {{"check", name},
                 {"explanation", check->explain()},
                 {"hipaa_controls", Value::strings(controls.hipaa)},
                 {"framework_mappings", Value::object({{"nist_800_53", Value::strings(controls.nist_800_53)}})}}));
        if (found && !json) print_line("");
        found = true;
        if (json) continue;
        print_line(coloured(name, Colour::green));
        print_line(check->explain());
        print_line("Its evidence counts for: " + in_words(controls));
    }
    if (found && json) print_json(Value::object({{"checks", std::move(told)}}));
    if (found) return fine;
    complain("this host's baseline has no such check");
    return usage;
}

int check(const CommandLine& line, const CheckOptions& options) {
    const auto [loaded, status] = load(line, FileChecks::all);
    if (!loaded) return status;
    if (options.learn) return learn(*loaded, options.names);
    if (options.explain) return explain(*loaded, options.names, options.json);
    auto store = state_to_read(loaded->settings);  // what checks remember makes ages known; without it they look anyway
    auto* known = store.has_value() ? store.value().get() : nullptr;
    asio::io_context loop{1};
    SystemTimeSource time;
    PosixProcessRunner processes{time};
    SystemdUnits units{time};
    std::vector<CheckName> names;
    for (const auto& name : options.names) names.emplace_back(name);
    const auto reports =
        run_to_end(loop, look_without_recording(loaded, {known, time, processes, units}, std::move(names)));
    if (reports.has_error())
        return failed_with(reports.error(), reports.error().code() == Errc::not_found ? usage : undetermined);
    if (options.json) {
        Value::Array checks;
        for (const auto& report : reports.value()) checks.push_back(json_of(report));
        print_json(Value::object({{"checks", std::move(checks)}, {"ruleset_hash", loaded->baseline.sha256}}));
    } else {
        print_table(reports.value());
    }
    return status_of(reports.value());
}

}  // namespace

void add_check(CLI::App& app, CommandLine& line) {
    auto* command = app.add_subcommand("check", "Runs drift checks now; changes and records nothing");
    auto options = std::make_shared<CheckOptions>();
    command->add_option("NAME", options->names, "checks to run; all if none is named");
    auto* json = command->add_flag("--json", options->json, "the same facts as JSON");
    auto* why =
        command->add_flag("--explain", options->explain, "say what each looks at, why, and which control wants it");
    command->add_flag("--learn", options->learn, "print a baseline as this host is now, for a person to review")
        ->excludes(json)
        ->excludes(why);
    command->callback([&line, options] { line.chosen = [&line, options] { return check(line, *options); }; });
}

}  // namespace agent::cli
