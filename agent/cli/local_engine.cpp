#include "cli/local_engine.hpp"

#include <utility>

#include "cli/session.hpp"
#include "daemon/check_round.hpp"

namespace agent::cli {

LocalEngine::LocalEngine(std::shared_ptr<const LoadedAgent> loaded, StateStore* store)
    : loaded_{std::move(loaded)},
      store_{store},
      engine_{{processes_, units_, time_, [this](std::vector<CheckName> names) {
                   return look_without_recording(loaded_, {store_, time_, processes_, units_}, std::move(names));
               }}} {}

Result<Plan> LocalEngine::plan(const Runbook& runbook, const Value& params) {
    loop_.restart();
    return run_to_end(loop_, engine_.plan(runbook, params));
}

Result<EvidenceDraft> LocalEngine::apply(const Runbook& runbook, const LocalMandate& mandate) {
    const auto perform = [](HealingEngine& engine, const Runbook& what, const LocalMandate& by) -> Task<EvidenceDraft> {
        const Mandate allowed{&by};
        auto draft = co_await engine.apply(what, allowed);
        co_return draft;
    };
    loop_.restart();
    return run_to_end(loop_, perform(engine_, runbook, mandate));
}

}  // namespace agent::cli
