// unit.restart: over the system bus, and then a second look: a job can be done and the unit still be down. There is no
// undo; what ran before cannot be had back.
#include "healing/actions.hpp"
#include "host/unit_name.hpp"

namespace agent {
namespace {

std::string words_of(const UnitState& state) {
    std::string text = state.active_state + " (" + state.sub_state + ')';
    if (!state.result.empty() && state.result != "success") text += ", result " + state.result;
    if (!state.condition_result) text += ", a condition of the unit is not met";
    return text;
}

Value facts_of(const std::string& unit, const UnitState& state) {
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
    UnitRestart(Template unit, Duration timeout) : unit_{std::move(unit)}, timeout_{timeout} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "unit.restart"; }
    [[nodiscard]] bool changes_host() const noexcept override { return true; }
    [[nodiscard]] bool can_undo() const noexcept override { return false; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& tools, const Value& params) override {
        AGENT_CO_TRY(const auto unit, fill(params));
        auto state = co_await tools.units.state(unit);
        if (state.has_error()) co_return std::move(state).error().in_context("looking at " + unit);
        PlanStep step;
        step.action = name();
        step.current = facts_of(unit, state.value());
        step.desired.set("unit", unit);
        step.desired.set("load_state", "loaded");
        step.desired.set("active_state", "active");
        step.desired.set("restarted", true);
        co_return step;
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& params,
                                            const std::optional<Value>& /*saved*/) override {
        AGENT_CO_TRY(const auto unit, fill(params));
        auto before = co_await tools.units.state(unit);
        if (before.has_error()) co_return std::move(before).error().in_context("looking at " + unit);
        StepOutcome outcome;
        outcome.state = facts_of(unit, before.value());
        if (before.value().load_state != "loaded") {
            outcome.why = unit + " cannot be restarted: it is " + before.value().load_state;
            co_return outcome;
        }
        auto restarted = co_await tools.units.run_job(unit, UnitJob::restart, timeout_);
        outcome.touched = restarted.has_value() || restarted.error().code() != Errc::unreachable;
        auto after = co_await tools.units.state(unit);
        if (after.has_value()) outcome.state = facts_of(unit, after.value());
        if (restarted.has_error()) {
            outcome.why = "restarting " + unit + ": " + restarted.error().message();
        } else if (after.has_error()) {
            outcome.why = unit + " was restarted, but its state is unknown: " + after.error().message();
        } else if (!after.value().is_active() || !after.value().condition_result) {
            outcome.why =
                unit + " was restarted, but it is " + words_of(after.value()) + "; see: systemctl status " + unit;
        } else {
            outcome.succeeded = true;
        }
        co_return outcome;
    }

private:
    [[nodiscard]] Result<std::string> fill(const Value& params) const {
        AGENT_TRY(auto unit, unit_.fill(params));
        AGENT_TRY(check_unit_name(unit));
        return unit;
    }

    Template unit_;
    Duration timeout_;
};

}  // namespace

std::unique_ptr<Action> read_unit_restart(MapReader& step, const ParameterSchema& parameters) {
    const auto written = step.text("unit");
    step.require("unit", "for example ssh.service");
    const auto timeout = step.duration("timeout", std::chrono::seconds{1}, std::chrono::minutes{10});
    if (!written) return nullptr;
    auto unit = Template::parse(*written, parameters, step, "unit");
    if (!unit) return nullptr;
    if (unit->is_fixed())
        if (auto sound = check_unit_name(*written); sound.has_error()) step.fault("unit", sound.error().message());
    return std::make_unique<UnitRestart>(*std::move(unit), timeout.value_or(std::chrono::seconds{90}));
}

}  // namespace agent
