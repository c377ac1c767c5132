// unit.restart: over the system bus, and then a second look. There is no undo; what ran before cannot be had back.
// Under `rollback` it makes a service read again what was put back.
#include "codec/members.hpp"
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

Task<StepOutcome> restart_unit(const ActionTools& tools, std::string unit, Duration timeout) {
    auto looked = co_await look_at_unit(tools, unit);
    AGENT_CO_TRY(const auto before, std::move(looked));
    StepOutcome outcome;
    outcome.state = facts_of_running(unit, before);
    if (before.load_state != "loaded") {
        outcome.why = unit + " cannot be restarted: it is " + before.load_state;
        co_return outcome;
    }
    auto brought = co_await bring_unit(tools, unit, UnitJob::restart, timeout);
    AGENT_CO_TRY(auto end, std::move(brought));
    outcome.touched = end.touched;
    if (end.after) outcome.state = facts_of_running(unit, *end.after);
    outcome.why = std::move(end.why);
    outcome.succeeded = outcome.why.empty();
    co_return outcome;
}

struct FilledRestart {
    std::string unit;
    Duration timeout{};
};

Result<FilledRestart> read_filled_restart(const Value& data) {
    AGENT_TRY(const auto members, Members::of(data, ""));
    FilledRestart filled;
    AGENT_TRY(filled.unit, members.string("unit"));
    AGENT_TRY(const auto timeout, members.integer("timeout_ms"));
    filled.timeout = Duration{timeout};
    return filled;
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

    [[nodiscard]] Result<std::optional<Value>> as_data(const Value& params) const override {
        AGENT_TRY(const auto unit, rule_.fill(params));
        return std::optional{
            Value::object({{"unit", unit}, {"timeout_ms", static_cast<std::int64_t>(rule_.timeout.count())}})};
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& params,
                                            const std::optional<Value>& /*saved*/) override {
        AGENT_CO_TRY(auto unit, rule_.fill(params));
        auto restarted = co_await restart_unit(tools, std::move(unit), rule_.timeout);
        co_return restarted;
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

Task<StepOutcome> carry_out_unit_restart(const ActionTools& tools, Value data) {
    AGENT_CO_TRY(auto filled, in_context(read_filled_restart(data), "what was kept of the step cannot be read"));
    auto restarted = co_await restart_unit(tools, std::move(filled.unit), filled.timeout);
    co_return restarted;
}

}  // namespace agent
