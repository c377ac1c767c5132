#include "cli/local_engine.hpp"

#include <utility>

#include "cli/session.hpp"
#include "daemon/check_round.hpp"
#include "daemon/timed_revert.hpp"

namespace agent::cli {

LocalEngine::LocalEngine(std::shared_ptr<const LoadedAgent> loaded, StateStore* store, RunProgress& progress)
    : loaded_{std::move(loaded)},
      store_{store},
      engine_{{step_programs_, units_, time_,
               [this](std::vector<CheckName> names) {
                   return look_without_recording(loaded_, {store_, time_, processes_, units_}, std::move(names));
               },
               [this] { return baseline_of(loaded_); }},
              progress} {}

Result<Plan> LocalEngine::plan(const Runbook& runbook, const Value& params) {
    loop_.restart();
    return run_to_end(loop_, engine_.plan(runbook, params));
}

Result<EvidenceDraft> LocalEngine::apply(const Runbook& runbook, const LocalMandate& mandate, RunJournal& journal,
                                         std::optional<std::int64_t> run) {
    const Mandate allowed{&mandate};
    TimedRevert confirmation{loop_.get_executor(), processes_, time_, loaded_->settings, run.value_or(0)};
    return to_its_end(engine_.apply(runbook, allowed, journal, confirmation));
}

Result<EvidenceDraft> LocalEngine::finish(const OpenRun& run, const Runbook* runbook, RunJournal& journal) {
    return to_its_end(engine_.finish(run, runbook, journal));
}

Result<EvidenceDraft> LocalEngine::to_its_end(asio::awaitable<EvidenceDraft> work) {
    const auto perform = [](asio::awaitable<EvidenceDraft> what) -> Task<EvidenceDraft> {
        auto draft = co_await std::move(what);
        co_return draft;
    };
    loop_.restart();
    return run_to_end(loop_, perform(std::move(work)));
}

}  // namespace agent::cli
