// alert: what only a person can do, told where alerts are seen. Changes nothing and claims no repair.
#include "base/text.hpp"
#include "healing/actions.hpp"

namespace agent {
namespace {

constexpr std::size_t message_most = 2000;

class Alert final : public Action {
public:
    explicit Alert(std::string message) : message_{std::move(message)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "alert"; }
    [[nodiscard]] bool changes_host() const noexcept override { return false; }
    [[nodiscard]] bool can_undo() const noexcept override { return false; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& /*tools*/, const Value& /*params*/) override {
        PlanStep step;
        step.action = name();
        step.current = Value::Object{};
        step.desired.set("alert", message_);
        co_return step;
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& /*tools*/, const Value& /*params*/,
                                            const std::optional<Value>& /*saved*/) override {
        StepOutcome outcome;
        outcome.state = Value::Object{};
        outcome.taken.output_head = message_;
        outcome.alert = message_;
        outcome.succeeded = true;
        co_return outcome;
    }

private:
    std::string message_;
};

}  // namespace

std::unique_ptr<Action> read_alert(MapReader& step, StepScope& /*scope*/) {
    auto message = step.text("message");
    step.require("message", "what a person is to do");
    if (!message) return nullptr;
    if (message->size() > message_most) step.fault("message", "has over " + std::to_string(message_most) + " bytes");
    return std::make_unique<Alert>(*std::move(message));
}

}  // namespace agent
