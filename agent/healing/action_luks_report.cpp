// luks.report: which storage is not encrypted, or weakly, and the commands with which a person can change that. None of
// them is run: encrypting a disk that is in use is no repair that an agent may do by itself.
#include "healing/actions.hpp"
#include "healing/ask_check.hpp"
#include "healing/kept_output.hpp"
#include "healing/luks_advice.hpp"

namespace agent {
namespace {

class LuksReport final : public Action {
public:
    [[nodiscard]] std::string_view name() const noexcept override { return "luks.report"; }
    [[nodiscard]] bool changes_host() const noexcept override { return false; }
    [[nodiscard]] bool can_undo() const noexcept override { return false; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& /*tools*/, const Value& /*params*/) override {
        PlanStep step;
        step.action = name();
        step.current = Value::Object{};
        step.desired.set("told_to_a_person", "what is not encrypted, and with which commands it is");
        co_return step;
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& /*params*/,
                                            const std::optional<Value>& /*saved*/) override {
        const CheckName encryption{"encryption"};
        auto asked = co_await ask_check(tools, encryption);
        AGENT_CO_TRY(const auto report, std::move(asked));
        const auto advice = advise_on_encryption(report);
        StepOutcome outcome;
        outcome.succeeded = true;
        outcome.state.set("result", to_string(report.result));
        Value::Array items;
        std::string text;
        for (const auto& item : advice) {
            items.push_back(Value::object(
                {{"condition", item.condition}, {"problem", item.problem}, {"commands", Value::strings(item.lines)}}));
            text += "# " + item.condition + ": " + item.problem + '\n';
            for (const auto& line : item.lines) text += line + '\n';
            text += '\n';
        }
        outcome.state.set("advice", std::move(items));
        keep_output(text, outcome.taken);
        if (!advice.empty())
            outcome.alert = "encryption needs a person: " + std::to_string(advice.size()) +
                            " findings, the first is \"" + advice.front().problem +
                            "\"; the commands are in the evidence";
        co_return outcome;
    }
};

}  // namespace

std::unique_ptr<Action> read_luks_report(MapReader& /*step*/, StepScope& /*scope*/) {
    return std::make_unique<LuksReport>();
}

}  // namespace agent
