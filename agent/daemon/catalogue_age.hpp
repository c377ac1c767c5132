#pragma once
// That an older signed catalogue of runbooks does not come back: the state file keeps when the newest one that was
// accepted was signed.
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "daemon/loaded_agent.hpp"
#include "store/agent_memory.hpp"

namespace agent {

// Nothing where a catalogue signed at `issued_at` (nothing: it does not say when) may follow the newest accepted one;
// else why not. Pure.
[[nodiscard]] std::optional<std::string> why_too_old(std::optional<WallTime> issued_at, std::optional<WallTime> newest);

// For a look, without moving anything. Nothing where the agent never ran, or never accepted one that said when.
[[nodiscard]] Result<std::optional<WallTime>> newest_accepted_catalogue(const std::filesystem::path& state_dir);

// The catalogue of `loaded` has been accepted. One that was signed by a clock ahead of ours counts as signed now: it
// must not shut out those to come. What cannot be written down is logged.
void remember_catalogue(const LoadedAgent& loaded, AgentMemory& memory, WallTime now);

}  // namespace agent
