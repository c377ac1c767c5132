// unit.restart: over the system bus, and then a second look. There is no undo; what ran before cannot be had back.
#include "healing/actions.hpp"
#include "healing/bring_unit.hpp"

namespace agent {
namespace {

Value facts_of_running(const std::string& unit, const UnitState& state) {
    Value facts;
    facts.set("unit", unit);
    facts.set("load_state", state.load_state);
    facts.set("active_state", state.active_state);
    facts.set("sub_state", state.sub_state);
    facts.set("result", state.result);
    return facts;
}

class UnitRestart final : public Action {
public:
    explicit UnitRestart(UnitRule rule) : rule_{std::move(rule)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "unit.restart"; }
    [[nodiscard]] bool changes_host() const noexcept override { return true; }
    [[nodiscard]] bool can_undo() const noexcept override { return false; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& tools, const Value& params) override {
        AGENT_CO_TRY(const auto unit, rule_.fill(params));
        auto looked = co_await look_at_unit(tools, unit);
        AGENT_CO_TRY(const auto state, std::move(looked));
        PlanStep step;
        step.action = name();
        step.current = facts_of_running(unit, state);
        step.desired.set("unit", unit);
        step.desired.set("load_state", "loaded");
        step.desired.set("active_state", "active");
        step.desired.set("restarted", true);
        co_return step;
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& params,
                                            const std::optional<Value>& /*saved*/) override {
        AGENT_CO_TRY(const auto unit, rule_.fill(params));
        auto looked = co_await look_at_unit(tools, unit);
        AGENT_CO_TRY(const auto before, std::move(looked));
        StepOutcome outcome;
        outcome.state = facts_of_running(unit, before);
        if (before.load_state != "loaded") {
            outcome.why = unit + " cannot be restarted: it is " + before.load_state;
            co_return outcome;
        }
        auto brought = co_await bring_unit(tools, unit, UnitJob::restart, rule_.timeout);
        AGENT_CO_TRY(auto end, std::move(brought));
        outcome.touched = end.touched;
        if (end.after) outcome.state = facts_of_running(unit, *end.after);
        outcome.why = std::move(end.why);
        outcome.succeeded = outcome.why.empty();
        co_return outcome;
    }

private:
    UnitRule rule_;
};

}  // namespace

std::unique_ptr<Action> read_unit_restart(MapReader& step, StepScope& scope) {
    auto rule = read_unit_rule(step, scope);
    if (!rule) return nullptr;
    return std::make_unique<UnitRestart>(*std::move(rule));
}

}  // namespace agent
