// command.run: a program with the arguments that the runbook holds. There is no undo; under `rollback` it takes back
// what another step did.
#include <algorithm>
#include <filesystem>

#include "base/text.hpp"
#include "codec/members.hpp"
#include "healing/actions.hpp"
#include "healing/kept_output.hpp"
#include "healing/step_output.hpp"

namespace agent {
namespace {

struct CommandRule {
    std::filesystem::path program;
    std::vector<Template> arguments;
    Duration timeout{std::chrono::seconds{30}};
    std::vector<int> expected{0};
    bool changes{true};
};

// With every value in its place.
struct FilledCommand {
    std::vector<std::string> argv;
    Duration timeout{};
    std::vector<int> expected;
    bool changes{true};
};

Task<StepOutcome> run_command(const ActionTools& tools, FilledCommand filled) {
    const auto& argv = filled.argv;
    Command command;
    command.program = argv.front();
    command.arguments.assign(argv.begin() + 1, argv.end());
    command.deadline = filled.timeout;
    if (!filled.changes) command.privileges = Privileges::reading;
    command.head_limit = output_captured;
    command.tail_limit = output_captured;
    auto run = co_await tools.processes.run(std::move(command));

    StepOutcome outcome;
    outcome.taken.command = argv;
    outcome.state = Value::Object{};
    if (run.has_error()) {
        const auto code = run.error().code();
        outcome.touched = filled.changes && code != Errc::not_found && code != Errc::malformed;
        outcome.why = argv.front() + ": " + run.error().message();
        co_return outcome;
    }
    const auto& exit = run.value();
    outcome.touched = filled.changes;
    outcome.taken.exit_code = exit.status;
    outcome.printed = exit.standard_output.head.substr(0, step_output_looked_at);
    keep_output(exit, outcome.taken);
    outcome.state.set("exit_status", exit.status);
    outcome.succeeded = std::ranges::find(filled.expected, exit.status) != filled.expected.end();
    if (!outcome.succeeded) outcome.why = argv.front() + " ended with status " + std::to_string(exit.status);
    co_return outcome;
}

Value value_of_statuses(const std::vector<int>& statuses) {
    Value::Array list;
    for (const int status : statuses) list.emplace_back(status);
    return list;
}

Result<FilledCommand> read_filled_command(const Value& data) {
    AGENT_TRY(const auto members, Members::of(data, ""));
    AGENT_TRY(members.strings("argv"));
    FilledCommand filled;
    for (const auto& word : *data.find("argv")->array()) filled.argv.push_back(*word.string());
    if (filled.argv.empty()) return members.fault("argv", "empty");
    AGENT_TRY(const auto timeout, members.integer("timeout_ms"));
    filled.timeout = Duration{timeout};
    AGENT_TRY(const auto* expected, members.array("expect_status"));
    for (const auto& status : *expected)
        if (status.integer() != nullptr) filled.expected.push_back(static_cast<int>(*status.integer()));
    return filled;
}

class CommandRun final : public Action {
public:
    explicit CommandRun(CommandRule rule) : rule_{std::move(rule)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "command.run"; }
    [[nodiscard]] bool changes_host() const noexcept override { return rule_.changes; }
    [[nodiscard]] bool can_undo() const noexcept override { return false; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& /*tools*/, const Value& params) override {
        AGENT_CO_TRY(const auto argv, fill(params));
        PlanStep step;
        step.action = name();
        step.current = Value::Object{};
        step.desired.set("command", Value::strings(argv));
        step.desired.set("exit_status", value_of_statuses(rule_.expected));
        co_return step;
    }

    [[nodiscard]] Result<std::optional<Value>> as_data(const Value& params) const override {
        AGENT_TRY(const auto argv, fill(params));
        return std::optional{Value::object({{"argv", Value::strings(argv)},
                                            {"timeout_ms", static_cast<std::int64_t>(rule_.timeout.count())},
                                            {"expect_status", value_of_statuses(rule_.expected)}})};
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& params,
                                            const std::optional<Value>& /*saved*/) override {
        FilledCommand filled;
        AGENT_CO_TRY(filled.argv, fill(params));
        filled.timeout = rule_.timeout;
        filled.expected = rule_.expected;
        filled.changes = rule_.changes;
        auto ran = co_await run_command(tools, std::move(filled));
        co_return ran;
    }

private:
    [[nodiscard]] Result<std::vector<std::string>> fill(const Value& params) const {
        std::vector<std::string> argv{rule_.program.string()};
        for (const auto& argument : rule_.arguments) {
            AGENT_TRY(auto text, argument.fill(params));
            argv.push_back(std::move(text));
        }
        return argv;
    }

    CommandRule rule_;
};

void read_expected(MapReader& step, CommandRule& rule) {
    const auto* list = step.node("expect_status");
    if (list == nullptr || list->kind == YamlNode::Kind::null) return;
    std::vector<int> expected;
    for (const auto& item : list->items) {
        const auto value = item.to_value();
        if (const auto* status = value.integer(); status != nullptr && *status >= 0 && *status <= 255)
            expected.push_back(static_cast<int>(*status));
    }
    if (expected.empty() || expected.size() != list->items.size())
        step.fault("expect_status", "must be a list of exit statuses, 0 to 255, for example [0, 1]");
    rule.expected = std::move(expected);
}

}  // namespace

std::unique_ptr<Action> read_command_run(MapReader& step, StepScope& scope) {
    CommandRule rule;
    const auto argv = step.texts("argv");
    step.require("argv", "a list: the program's absolute path, then its arguments");
    if (argv && argv->empty()) step.fault("argv", "is empty; it begins with the program's absolute path");
    if (argv && !argv->empty()) {
        const auto& program = argv->front();
        rule.program = program;
        if (rule.program.is_absolute() && program.find("{{") == std::string::npos)
            static_cast<void>(Template::parse(program, scope, step, "argv"));  // shown beside its arguments
        else
            step.fault("argv",
                       "the program must be a fixed absolute path, without markers, not " + agent::quoted(program));
        scope.programs.push_back({rule.program, step.node("argv")->line, step.key_of("argv")});
        for (std::size_t i = 1; i < argv->size(); ++i)
            if (auto argument = Template::parse((*argv)[i], scope, step, "argv"))
                rule.arguments.push_back(*std::move(argument));
    }
    rule.timeout = step.duration("timeout", std::chrono::seconds{1}, std::chrono::minutes{10}).value_or(rule.timeout);
    rule.changes = step.boolean("changes").value_or(true);
    read_expected(step, rule);
    return std::make_unique<CommandRun>(std::move(rule));
}

Task<StepOutcome> carry_out_command_run(const ActionTools& tools, Value data) {
    AGENT_CO_TRY(auto filled, in_context(read_filled_command(data), "what was kept of the step cannot be read"));
    auto ran = co_await run_command(tools, std::move(filled));
    co_return ran;
}

}  // namespace agent
