#include "cli/session.hpp"

#include <utility>

namespace agent::cli {

LoadedOrStatus load(const CommandLine& line, FileChecks checks) {
    auto outcome = load_agent(line.config, checks);
    if (!outcome.loaded) return {nullptr, failed_with(outcome.faults)};
    for (const auto& remark : outcome.remarks) complain("note: " + remark);
    return {std::move(outcome.loaded), fine};
}

Result<std::unique_ptr<StateStore>> state_to_read(const AgentSettings& settings) {
    auto store = StateStore::open(settings.state_dir, OpenMode::read_only, SystemTimeSource{}.wall_now());
    if (store.has_error() && store.error().code() == Errc::not_found) return std::unique_ptr<StateStore>{};
    return store;
}

Result<std::unique_ptr<StateStore>> state_to_change(const AgentSettings& settings) {
    auto store = StateStore::open(settings.state_dir, OpenMode::existing, SystemTimeSource{}.wall_now());
    if (store.has_error() && store.error().code() == Errc::not_found)
        return Error{Errc::not_found,
                     "the agent has not run here yet: there is no state file in " + settings.state_dir.string()};
    return store;
}

}  // namespace agent::cli
