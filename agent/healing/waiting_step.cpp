#include "healing/waiting_step.hpp"

#include <algorithm>

namespace agent {
namespace {

class WaitingStep final : public Action {
public:
    WaitingStep(std::unique_ptr<Action> action, std::vector<StepScope::Argument> arguments)
        : action_{std::move(action)}, arguments_{std::move(arguments)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return action_->name(); }
    [[nodiscard]] bool changes_host() const noexcept override { return action_->changes_host(); }
    [[nodiscard]] bool can_undo() const noexcept override { return action_->can_undo(); }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& tools, const Value& params) override {
        const bool is_known =
            std::ranges::all_of(arguments_, [&params](const auto& argument) { return argument.text.is_known(params); });
        if (is_known) {
            auto planned = co_await action_->plan(tools, params);
            co_return planned;
        }
        PlanStep step;
        step.action = name();
        step.desired = as_written(params);
        co_return step;
    }

    [[nodiscard]] Task<std::optional<Value>> save(const ActionTools& tools, const Value& params) override {
        auto saved = co_await action_->save(tools, params);
        co_return saved;
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& params,
                                            const std::optional<Value>& saved) override {
        auto outcome = co_await action_->perform(tools, params, saved);
        co_return outcome;
    }

private:
    [[nodiscard]] Value as_written(const Value& params) const {
        Value::Object arguments;
        for (const auto& argument : arguments_) {
            auto& written = arguments[argument.key];
            Value text{argument.text.show(params)};
            if (!argument.is_in_list) {
                written = std::move(text);
                continue;
            }
            if (written.is_null()) written = Value::Array{};
            written.array()->push_back(std::move(text));
        }
        return arguments;
    }

    std::unique_ptr<Action> action_;
    std::vector<StepScope::Argument> arguments_;
};

}  // namespace

std::unique_ptr<Action> waiting_step(std::unique_ptr<Action> action, std::vector<StepScope::Argument> arguments) {
    return std::make_unique<WaitingStep>(std::move(action), std::move(arguments));
}

}  // namespace agent
