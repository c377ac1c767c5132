// nixos.test: activates a generation that is built; the next boot still takes the one it took before.
#include "healing/actions.hpp"
#include "healing/generations.hpp"
#include "healing/patched_host.hpp"

namespace agent {
namespace {

Value facts_of_running(const Generations& all, const std::filesystem::path& system) {
    return Value::object({{"running_generation", all.number_of(system)}, {"running_system", system.string()}});
}

std::string describe_reactivation(const Value& saved) {
    const auto back = WayBack::read(saved);
    if (back.has_error()) return back.error().message();
    return "activate generation " + std::to_string(back.value().generation) + " again";
}

// Even where that system still runs: it may have been left half-way.
Task<Value> reactivate(const ActionTools& tools, Value saved) {
    AGENT_CO_TRY(const auto back, WayBack::read(saved));
    std::string verb{"test"};
    const auto outcome = co_await switch_to(tools, back.running, std::move(verb), back.timeout);
    AGENT_CO_TRY(const auto activated, outcome);
    if (!activated.succeeded) co_return Error{Errc::refused, activated.why};
    AGENT_CO_TRY(const auto all, look_at_built(patched_host(tools).host.nixos));
    co_return facts_of_running(all, all.running.store_path);
}

class NixosTest final : public Action {
public:
    explicit NixosTest(GenerationRule rule) : rule_{std::move(rule)} {}

    [[nodiscard]] std::string_view name() const noexcept override { return "nixos.test"; }
    [[nodiscard]] bool changes_host() const noexcept override { return true; }
    [[nodiscard]] bool can_undo() const noexcept override { return true; }

    [[nodiscard]] Task<PlanStep> plan(const ActionTools& tools, const Value& params) override {
        AGENT_CO_TRY(const auto all, look_at_built(patched_host(tools).host.nixos));
        AGENT_CO_TRY(const auto wanted, rule_.choose(tools, params, all));
        PlanStep step;
        step.action = name();
        step.current = facts_of_running(all, all.running.store_path);
        step.desired = facts_of_running(all, wanted.store_path);
        co_return step;
    }

    [[nodiscard]] Task<std::optional<Value>> save(const ActionTools& tools, const Value& /*params*/) override {
        AGENT_CO_TRY(const auto all, look_at_built(patched_host(tools).host.nixos));
        const WayBack back{all.running.number, all.running.store_path, rule_.timeout};
        co_return std::optional{back.value()};
    }

    [[nodiscard]] Task<StepOutcome> perform(const ActionTools& tools, const Value& params,
                                            const std::optional<Value>& saved) override {
        const auto host = patched_host(tools).host.nixos;
        AGENT_CO_TRY(const auto back, WayBack::read(saved.value_or(Value{})));
        AGENT_CO_TRY(const auto all, look_at_built(host));
        AGENT_CO_TRY(const auto wanted, rule_.choose(tools, params, all));
        if (all.running.store_path != back.running)
            co_return Error{Errc::refused, "another generation was activated while it was looked at"};
        std::string verb{"test"};
        auto activated = co_await switch_to(tools, wanted.store_path, std::move(verb), rule_.timeout);
        AGENT_CO_TRY(auto outcome, std::move(activated));
        const auto now = look_at_built(host);
        outcome.state = now.has_value() ? facts_of_running(now.value(), now.value().running.store_path) : Value{};
        if (outcome.succeeded && outcome.state != facts_of_running(all, wanted.store_path)) {
            outcome.succeeded = false;
            outcome.why = "generation " + std::to_string(wanted.number) + " was activated, but does not run";
        }
        co_return outcome;
    }

private:
    GenerationRule rule_;
};

}  // namespace

const Undo undo_of_nixos_test{&describe_reactivation, &reactivate};

std::unique_ptr<Action> read_nixos_test(MapReader& step, StepScope& scope) {
    return std::make_unique<NixosTest>(GenerationRule::read(step, scope));
}

}  // namespace agent
