#include "cli/session.hpp"

#include <utility>

#include "base/text.hpp"
#include "daemon/own_files.hpp"

namespace agent::cli {

LoadedOrStatus load(const CommandLine& line, FileChecks checks) {
    auto outcome = load_agent(line.config, checks);
    if (!outcome.loaded) return {nullptr, failed_with(outcome.faults, line.config)};
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

Result<std::unique_ptr<StateStore>> state_to_change_or_begin(const AgentSettings& settings) {
    AGENT_TRY(prepare_state_dir(settings.state_dir));
    const auto now = SystemTimeSource{}.wall_now();
    auto store = StateStore::open(settings.state_dir, OpenMode::existing, now);
    if (store.has_value() || store.error().code() != Errc::not_found) return store;
    return StateStore::open(settings.state_dir, OpenMode::create, now);
}

Result<BundleId> bundle_named(StateStore& store, const std::string& id) {
    AGENT_TRY(auto found, store.evidence().ids_beginning(id, 2));
    if (found.empty()) return Error{Errc::not_found, "no bundle " + agent::quoted(id)};
    if (found.size() > 1) return Error{Errc::malformed, "several bundles begin with " + agent::quoted(id)};
    return std::move(found.front());
}

}  // namespace agent::cli
