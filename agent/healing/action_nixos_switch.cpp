// nixos.switch: makes a generation that is built what runs and what the next boot takes.
#include "healing/actions.hpp"
#include "healing/generations.hpp"
#include "healing/patched_host.hpp"

namespace agent {
namespace {

Value facts_of_boot(const Generations& all, const std::filesystem::path& running, std::int64_t boot) {
    return Value::object({{"running_generation", all.number_of(running)},
                          {"running_system", running.string()},
                          {"boot_generation", boot}});
}

Value facts_of_boot(const Generations& all) { return facts_of_boot(all, all.running.store_path, all.boot.number); }

std::string describe_switch_back(const Value& saved) {
    const auto back = WayBack::read(saved);
    if (back.has_error()) return back.error().message();
    return "switch back to generation " + std::to_string(back.value().generation);
}

// Profile, boot loader and running system, each anew: any of them may have been left half-way.
Task<Value> switch_back(const ActionTools& tools, Value saved) {
    AGENT_CO_TRY(const auto back, WayBack::read(saved));
    const auto host = patched_host(tools).host.nixos;
    auto profile = co_await set_profile(tools, host, back.generation, back.timeout);
    AGENT_CO_TRY(const auto set, std::move(profile));
    if (!set.succeeded) co_return Error{Errc::refused, set.why};
    const auto link = host.profiles / ("system-" + std::to_string(back.generation) + "-link");
    std::string boot{"boot"};
    auto loader = co_await switch_to(tools, link, std::move(boot), back.timeout);
    AGENT_CO_TRY(const auto loaded, std::move(loader));
    if (!loaded.succeeded) co_return Error{Errc::refused, loaded.why};
    std::string test{"test"};
    auto activated = co_await switch_to(tools, back.running, std::move(test), back.timeout);
    AGENT_CO_TRY(const auto active, std::move(activated));
    if (!active.succeeded) co_return Error{Errc::refused, active.why};
    AGENT_CO_TRY(const auto all, look_at_built(host));
    co_return facts_of_boot(all);
}

class NixosSwitch final : public Action {
public:
    explicit NixosSwitch(GenerationRule rule) : rule_{std::move(rule)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "nixos.switch"; }
    [[nodiscard]] bool changes_host() const noexcept override { return true; }
    [[nodiscard]] bool can_undo() const noexcept override { return true; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& tools, const Value& params) override {
        AGENT_CO_TRY(const auto all, look_at_built(patched_host(tools).host.nixos));
        AGENT_CO_TRY(const auto wanted, rule_.choose(tools, params, all));
        PlanStep step;
        step.action = name();
        step.current = facts_of_boot(all);
        step.desired = facts_of_boot(all, wanted.store_path, wanted.number);
        co_return step;
    }

    [[nodiscard]] Task<std::optional<Value>> save(const ActionTools& tools, const Value& /*params*/) override {
        AGENT_CO_TRY(const auto all, look_at_built(patched_host(tools).host.nixos));
        const WayBack back{all.boot.number, all.running.store_path, rule_.timeout};
        co_return std::optional{back.value()};
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& params,
                                            const std::optional<Value>& saved) override {
        const auto host = patched_host(tools).host.nixos;
        AGENT_CO_TRY(const auto back, WayBack::read(saved.value_or(Value{})));
        AGENT_CO_TRY(const auto all, look_at_built(host));
        AGENT_CO_TRY(const auto wanted, rule_.choose(tools, params, all));
        if (all.running.store_path != back.running || all.boot.number != back.generation)
            co_return Error{Errc::refused, "another generation was switched to while it was looked at"};
        auto profile = co_await set_profile(tools, host, wanted.number, rule_.timeout);
        AGENT_CO_TRY(auto outcome, std::move(profile));
        if (outcome.succeeded) {
            std::string verb{"switch"};
            auto activated = co_await switch_to(tools, wanted.store_path, std::move(verb), rule_.timeout);
            AGENT_CO_TRY(outcome, std::move(activated));
            outcome.touched = true;
        }
        const auto now = look_at_built(host);
        outcome.state = now.has_value() ? facts_of_boot(now.value()) : Value{};
        if (outcome.succeeded && outcome.state != facts_of_boot(all, wanted.store_path, wanted.number)) {
            outcome.succeeded = false;
            outcome.why = "generation " + std::to_string(wanted.number) +
                          " was switched to, but does not run, or is not what the next boot takes";
        }
        co_return outcome;
    }

private:
    GenerationRule rule_;
};

}  // namespace

const Undo undo_of_nixos_switch{&describe_switch_back, &switch_back};

std::unique_ptr<Action> read_nixos_switch(MapReader& step, StepScope& scope) {
    return std::make_unique<NixosSwitch>(GenerationRule::read(step, scope));
}

}  // namespace agent
