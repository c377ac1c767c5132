#include "healing/bring_unit.hpp"

namespace agent {
namespace {

std::string_view participle_of(UnitJob job) {
    switch (job) {
        case UnitJob::start: return "started";
        case UnitJob::stop: return "stopped";
        case UnitJob::restart: break;
    }
    return "restarted";
}

bool is_as_wanted(const UnitState& state, UnitJob job) {
    if (job == UnitJob::stop) return up_or_down(state) == "down";
    return state.is_active() && state.condition_result;
}

struct SavedUnit {
    std::string unit;
    std::string state;
    Duration timeout;
};

Result<SavedUnit> read_saved_unit(const Value& saved) {
    const auto* unit = saved.find("unit");
    const auto* state = saved.find("state");
    const auto* timeout = saved.find("timeout_ms");
    if (unit == nullptr || unit->string() == nullptr || state == nullptr || state->string() == nullptr ||
        timeout == nullptr || timeout->integer() == nullptr)
        return Error{Errc::corrupt, "what was kept of the unit before it was changed cannot be read"};
    return SavedUnit{*unit->string(), *state->string(), Duration{*timeout->integer()}};
}

// What systemd would stop beside, and the opposite job would not start again.
Task<> check_no_other_goes_down(const ActionTools& tools, std::string unit, UnitJob job,
                                std::vector<std::string> others) {
    for (const auto& other : others) {
        auto looked = co_await look_at_unit(tools, other);
        AGENT_CO_TRY(const auto state, std::move(looked));
        if (up_or_down(state) == "down") continue;
        std::string why{unit};
        why.append(" cannot be ").append(participle_of(job)).append(": that stops ").append(other);
        why.append(" as well, which no undo would start again; stop that first, in a step of its own");
        co_return Error{Errc::refused, std::move(why)};
    }
    co_return ok();
}

Result<> check_can_come_back(const std::string& unit, UnitJob job, const UnitState& state) {
    if (job == UnitJob::start && state.load_state != "loaded") {
        std::string why = unit + " cannot be started: it is " + state.load_state;
        if (state.load_state == "masked") why += "; if it is to run: systemctl unmask " + unit;
        return Error{Errc::refused, std::move(why)};
    }
    if (state.load_state != "loaded")
        return Error{Errc::refused, unit + " is " + state.load_state + ": once stopped it could not be started again"};
    const auto now = up_or_down(state);
    if (now == "up" || now == "down") return ok();
    return Error{Errc::refused, unit + " is " + words_of_unit(state) + ", neither up nor down, and could not be put " +
                                    "back so; see: systemctl status " + unit};
}

class BringUnit final : public Action {
public:
    BringUnit(std::string_view name, UnitJob job, UnitRule rule) : name_{name}, job_{job}, rule_{std::move(rule)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return name_; }
    [[nodiscard]] bool changes_host() const noexcept override { return true; }
    [[nodiscard]] bool can_undo() const noexcept override { return true; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& tools, const Value& params) override {
        AGENT_CO_TRY(const auto unit, rule_.fill(params));
        auto looked = co_await look_at_unit(tools, unit);
        AGENT_CO_TRY(const auto state, std::move(looked));
        PlanStep step;
        step.action = name();
        step.current = facts_of_unit(unit, state);
        step.desired = step.current;
        step.desired.set("state", job_ == UnitJob::stop ? "down" : "up");
        if (job_ != UnitJob::stop) step.desired.set("load_state", "loaded");
        co_return step;
    }

    [[nodiscard]] Task<std::optional<Value>> save(const ActionTools& tools, const Value& params) override {
        AGENT_CO_TRY(const auto unit, rule_.fill(params));
        auto saving = co_await save_unit(tools, unit, job_, rule_.timeout);
        AGENT_CO_TRY(auto saved, std::move(saving));
        co_return std::optional{std::move(saved)};
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& params,
                                            const std::optional<Value>& saved) override {
        AGENT_CO_TRY(const auto unit, rule_.fill(params));
        AGENT_CO_TRY(const auto before, read_saved_unit(saved.value_or(Value{})));
        auto looked = co_await look_at_unit(tools, unit);
        AGENT_CO_TRY(const auto state, std::move(looked));
        if (before.unit != unit || before.state != up_or_down(state))
            co_return Error{Errc::refused, unit + " changed while it was looked at"};
        auto brought = co_await bring_unit(tools, unit, job_, rule_.timeout);
        AGENT_CO_TRY(auto end, std::move(brought));
        StepOutcome outcome;
        outcome.touched = end.touched;
        outcome.state = facts_of_unit(unit, end.after.value_or(state));
        outcome.why = std::move(end.why);
        outcome.succeeded = outcome.why.empty();
        co_return outcome;
    }

private:
    std::string_view name_;
    UnitJob job_;
    UnitRule rule_;
};

}  // namespace

Task<JobEnd> bring_unit(const ActionTools& tools, std::string unit, UnitJob job, Duration limit) {
    auto ran = co_await tools.units.run_job(unit, job, limit);
    auto after = co_await tools.units.state(unit);
    JobEnd end;
    end.touched = ran.has_value() || ran.error().code() != Errc::unreachable;
    if (after.has_value()) end.after = after.value();
    const auto was = unit + " was " + std::string{participle_of(job)} + ", but ";
    if (ran.has_error())
        end.why = ran.error().message();
    else if (after.has_error())
        end.why = was + "its state is unknown: " + after.error().message();
    else if (!is_as_wanted(after.value(), job))
        end.why = was + "it is " + words_of_unit(after.value()) + "; see: systemctl status " + unit;
    co_return end;
}

Task<Value> save_unit(const ActionTools& tools, std::string unit, UnitJob job, Duration limit) {
    auto looked = co_await look_at_unit(tools, unit);
    AGENT_CO_TRY(const auto state, std::move(looked));
    AGENT_CO_TRY(check_can_come_back(unit, job, state));
    auto others = job == UnitJob::stop ? state.dependents : state.conflicts;
    AGENT_CO_TRY(co_await check_no_other_goes_down(tools, unit, job, std::move(others)));
    co_return Value::object(
        {{"unit", unit}, {"state", up_or_down(state)}, {"timeout_ms", static_cast<std::int64_t>(limit.count())}});
}

std::string describe_unit_undo(const Value& saved) {
    const auto before = read_saved_unit(saved);
    if (before.has_error()) return before.error().message();
    return (before.value().state == "up" ? "start " : "stop ") + before.value().unit + " again";
}

// Asked for also where the unit is so already: a job that was cut short may still be queued, and gives way to this one.
Task<> put_unit_back(const ActionTools& tools, Value saved) {
    AGENT_CO_TRY(const auto before, read_saved_unit(saved));
    const auto job = before.state == "up" ? UnitJob::start : UnitJob::stop;
    auto brought = co_await bring_unit(tools, before.unit, job, before.timeout);
    AGENT_CO_TRY(const auto end, std::move(brought));
    if (!end.why.empty()) co_return Error{Errc::refused, end.why};
    co_return ok();
}

std::unique_ptr<Action> bring_unit_action(std::string_view name, UnitJob job, UnitRule rule) {
    return std::make_unique<BringUnit>(name, job, std::move(rule));
}

Task<Value> undo_bring_unit(const ActionTools& tools, Value saved) {
    AGENT_CO_TRY(const auto before, read_saved_unit(saved));
    AGENT_CO_TRY(co_await put_unit_back(tools, std::move(saved)));
    auto looked = co_await look_at_unit(tools, before.unit);
    AGENT_CO_TRY(const auto state, std::move(looked));
    co_return facts_of_unit(before.unit, state);
}

}  // namespace agent
