// unit.enable: a unit that is to start at boot, and now as well where the runbook says so. The undo disables it again,
// and stops it if it was started.
#include <sstream>

#include "healing/actions.hpp"
#include "healing/bring_unit.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr std::size_t unit_file_most = 1024UL * 1024UL;

Value facts_of_boot(const std::string& unit, const UnitState& state, bool with_running) {
    auto facts =
        Value::object({{"unit", unit}, {"load_state", state.load_state}, {"unit_file_state", state.unit_file_state}});
    if (with_running) facts.set("state", up_or_down(state));
    return facts;
}

Result<> check_can_be_enabled(const std::string& unit, const UnitState& state) {
    if (state.load_state != "loaded") {
        std::string why = unit + " cannot be enabled: it is " + state.load_state;
        if (state.load_state == "masked") why += "; if it is to run: systemctl unmask " + unit;
        return Error{Errc::refused, std::move(why)};
    }
    const auto& at_boot = state.unit_file_state;
    if (at_boot == "enabled" || at_boot == "disabled") return ok();
    if (at_boot == "static")
        return Error{Errc::refused, unit + " is static: its unit file has no [Install] section, so that it cannot be " +
                                        "enabled; what needs it starts it"};
    return Error{Errc::refused, unit + " is " + (at_boot.empty() ? "without a unit file" : at_boot) +
                                    ", which no undo could put back; enable it by hand: systemctl enable " + unit};
}

// The units of `Also=` in the unit file: systemd enables and disables them together with it.
Result<std::vector<std::string>> units_enabled_along(const UnitState& state) {
    AGENT_TRY(const auto text, read_file(state.unit_file, unit_file_most));
    std::vector<std::string> units;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("Also")) continue;
        const auto equals = line.find_first_not_of(" \t", 4);
        if (equals == std::string::npos || line[equals] != '=') continue;
        std::istringstream names{line.substr(equals + 1)};
        for (std::string name; names >> name;) units.push_back(name);
    }
    return units;
}

Task<> check_none_is_disabled_along(const ActionTools& tools, std::string unit, UnitState state) {
    AGENT_CO_TRY(const auto others, units_enabled_along(state));
    for (const auto& other : others) {
        auto looked = co_await look_at_unit(tools, other);
        AGENT_CO_TRY(const auto found, std::move(looked));
        if (found.unit_file_state == "disabled" || found.unit_file_state == "static") continue;
        std::string why{unit};
        why.append(" cannot be enabled: its unit file says Also=").append(other).append(", which is ");
        why.append(found.unit_file_state)
            .append(" already and would be disabled by an undo; by hand: systemctl enable ");
        co_return Error{Errc::refused, why.append(unit)};
    }
    co_return ok();
}

struct SavedBoot {
    std::string unit;
    std::string unit_file_state;
    bool now{};
    const Value* started{};  // what put_unit_back needs; null where it was not started
};

Result<SavedBoot> read_saved_boot(const Value& saved) {
    const auto* unit = saved.find("unit");
    const auto* state = saved.find("unit_file_state");
    const auto* now = saved.find("now");
    if (unit == nullptr || unit->string() == nullptr || state == nullptr || state->string() == nullptr ||
        now == nullptr || now->boolean() == nullptr)
        return Error{Errc::corrupt, "what was kept of the unit before it was enabled cannot be read"};
    return SavedBoot{*unit->string(), *state->string(), *now->boolean(), saved.find("started")};
}

std::string describe_undo_of_enable(const Value& saved) {
    const auto before = read_saved_boot(saved);
    if (before.has_error()) return before.error().message();
    std::string text;
    if (before.value().started != nullptr) text = describe_unit_undo(*before.value().started);
    if (before.value().unit_file_state != "disabled") return text;
    if (!text.empty()) text += ", ";
    return text + "disable " + before.value().unit + " again";
}

// Disabled also where it is said to be so already: the service manager may not have read the unit files again yet.
Task<Value> undo_enable(const ActionTools& tools, Value saved) {
    AGENT_CO_TRY(const auto before, read_saved_boot(saved));
    Result<> stopped = ok();
    if (before.started != nullptr) {
        auto started = *before.started;
        stopped = co_await put_unit_back(tools, std::move(started));
    }
    if (before.unit_file_state == "disabled") {
        AGENT_CO_TRY(co_await tools.units.disable(before.unit));
    }
    AGENT_CO_TRY(std::move(stopped));
    auto looked = co_await look_at_unit(tools, before.unit);
    AGENT_CO_TRY(const auto state, std::move(looked));
    co_return facts_of_boot(before.unit, state, before.now);
}

class UnitEnable final : public Action {
public:
    UnitEnable(UnitRule rule, bool now) : rule_{std::move(rule)}, now_{now} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "unit.enable"; }
    [[nodiscard]] bool changes_host() const noexcept override { return true; }
    [[nodiscard]] bool can_undo() const noexcept override { return true; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& tools, const Value& params) override {
        AGENT_CO_TRY(const auto unit, rule_.fill(params));
        auto looked = co_await look_at_unit(tools, unit);
        AGENT_CO_TRY(const auto state, std::move(looked));
        PlanStep step;
        step.action = name();
        step.current = facts_of_boot(unit, state, now_);
        step.desired = Value::object({{"unit", unit}, {"load_state", "loaded"}, {"unit_file_state", "enabled"}});
        if (now_) step.desired.set("state", "up");
        co_return step;
    }

    [[nodiscard]] Task<std::optional<Value>> save(const ActionTools& tools, const Value& params) override {
        AGENT_CO_TRY(const auto unit, rule_.fill(params));
        auto looked = co_await look_at_unit(tools, unit);
        AGENT_CO_TRY(const auto state, std::move(looked));
        AGENT_CO_TRY(check_can_be_enabled(unit, state));
        if (state.unit_file_state == "disabled") {
            AGENT_CO_TRY(co_await check_none_is_disabled_along(tools, unit, state));
        }
        auto saved = Value::object({{"unit", unit}, {"unit_file_state", state.unit_file_state}, {"now", now_}});
        if (now_ && !state.is_active()) {
            auto saving = co_await save_unit(tools, unit, UnitJob::start, rule_.timeout);
            AGENT_CO_TRY(auto started, std::move(saving));
            saved.set("started", std::move(started));
        }
        co_return std::optional{std::move(saved)};
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& params,
                                            const std::optional<Value>& saved) override {
        AGENT_CO_TRY(const auto unit, rule_.fill(params));
        const auto kept = saved.value_or(Value{});
        AGENT_CO_TRY(const auto before, read_saved_boot(kept));
        auto looked = co_await look_at_unit(tools, unit);
        AGENT_CO_TRY(const auto state, std::move(looked));
        const bool is_started = !now_ || state.is_active();
        if (before.unit != unit || before.unit_file_state != state.unit_file_state ||
            is_started != (before.started == nullptr))
            co_return Error{Errc::refused, unit + " changed while it was looked at"};
        auto enabling = co_await enable(tools, unit, state);
        AGENT_CO_TRY(auto outcome, std::move(enabling));
        if (outcome.why.empty() && before.started != nullptr) {
            auto brought = co_await bring_unit(tools, unit, UnitJob::start, rule_.timeout);
            AGENT_CO_TRY(auto end, std::move(brought));
            outcome.touched = outcome.touched || end.touched;
            outcome.why = std::move(end.why);
            if (end.after) outcome.state = facts_of_boot(unit, *end.after, now_);
        }
        outcome.succeeded = outcome.why.empty();
        co_return outcome;
    }

private:
    [[nodiscard]] Task<StepOutcome> enable(const ActionTools& tools, std::string unit, UnitState before) const {
        StepOutcome outcome;
        outcome.state = facts_of_boot(unit, before, now_);
        if (before.unit_file_state == "enabled") co_return outcome;
        auto enabled = co_await tools.units.enable(unit);
        auto after = co_await tools.units.state(unit);
        outcome.touched = enabled.has_value() || enabled.error().code() != Errc::unreachable;
        if (after.has_value()) outcome.state = facts_of_boot(unit, after.value(), now_);
        if (enabled.has_error())
            outcome.why = enabled.error().message();
        else if (after.has_error())
            outcome.why = unit + " was enabled, but its state is unknown: " + after.error().message();
        else if (after.value().unit_file_state != "enabled")
            outcome.why = unit + " was enabled, but it is " + after.value().unit_file_state;
        co_return outcome;
    }

    UnitRule rule_;
    bool now_;
};

}  // namespace

const Undo undo_of_unit_enable{&describe_undo_of_enable, &undo_enable};

std::unique_ptr<Action> read_unit_enable(MapReader& step, StepScope& scope) {
    auto rule = read_unit_rule(step, scope);
    const auto now = step.boolean("now");
    if (!rule) return nullptr;
    return std::make_unique<UnitEnable>(*std::move(rule), now.value_or(false));
}

}  // namespace agent
