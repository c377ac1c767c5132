// check.run: looks afresh, changes nothing. It is done when the checks ran, whatever they found.
#include "base/text.hpp"
#include "healing/actions.hpp"
#include "healing/kept_output.hpp"

namespace agent {
namespace {

class CheckRun final : public Action {
public:
    explicit CheckRun(std::vector<CheckName> checks) : checks_{std::move(checks)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "check.run"; }
    [[nodiscard]] bool changes_host() const noexcept override { return false; }
    [[nodiscard]] bool can_undo() const noexcept override { return false; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& /*tools*/, const Value& /*params*/) override {
        Value names{"all"};
        if (!checks_.empty()) {
            Value::Array list;
            for (const auto& check : checks_) list.emplace_back(check.str());
            names = std::move(list);
        }
        PlanStep step;
        step.action = name();
        step.current = Value::Object{};
        step.desired.set("checks", std::move(names));
        co_return step;
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& /*params*/,
                                            const std::optional<Value>& /*saved*/) override {
        auto run = co_await tools.run_checks(checks_);
        if (run.has_error()) co_return std::move(run).error();
        StepOutcome outcome;
        std::string lines;
        Value::Array results;
        for (const auto& report : run.value()) {
            lines += report.name.str() + ": " + std::string{to_string(report.result)};
            if (!report.reason.empty()) lines += ", " + report.reason;
            lines += '\n';
            Value entry;
            entry.set("check", report.name.str());
            entry.set("result", to_string(report.result));
            entry.set("severity", report.severity ? Value{to_string(*report.severity)} : Value{});
            entry.set("reason", report.reason);
            results.push_back(std::move(entry));
        }
        keep_output(lines, outcome.taken);
        outcome.state.set("checks", std::move(results));
        outcome.succeeded = true;
        co_return outcome;
    }

private:
    std::vector<CheckName> checks_;  // empty: all
};

}  // namespace

std::unique_ptr<Action> read_check_run(MapReader& step, StepScope& /*scope*/) {
    constexpr std::string_view rule = "write all, or a list of names of checks, for example [patching]";
    step.require("checks", rule);
    const auto* node = step.node("checks");
    std::vector<CheckName> checks;
    if (node != nullptr && node->kind == YamlNode::Kind::sequence) {
        for (auto& name : step.texts("checks").value_or(std::vector<std::string>{})) {
            if (!is_name(name, 1, 64)) step.fault("checks", "not a name of a check: " + quoted(name, 64));
            checks.emplace_back(std::move(name));
        }
        if (node->items.empty()) step.fault("checks", "is empty; " + std::string{rule});
    } else if (node != nullptr && node->kind != YamlNode::Kind::null && node->text != "all") {
        step.fault("checks", std::string{rule});
    }
    return std::make_unique<CheckRun>(std::move(checks));
}

}  // namespace agent
