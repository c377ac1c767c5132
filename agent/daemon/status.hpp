#pragma once
// Health, as INTERFACE.md defines it, from the state file alone: it works whether the daemon runs or not.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "config/agent_settings.hpp"
#include "model/value.hpp"
#include "store/state_store.hpp"

namespace agent {

enum class Health : std::uint8_t { ok, degraded, failing };
[[nodiscard]] std::string_view to_string(Health health) noexcept;

struct StatusFacts {
    bool daemon_running{};
    LoopRecord poll;
    LoopRecord upload;
    LoopRecord checks;
    std::vector<RememberedCheck> results;
    QueueFigures queue;
    ChainHead chain;
    std::optional<WallTime> certificate_not_after;
    std::optional<WallTime> hold_until;
    std::vector<HeldCheck> held_checks;
};

// `store` null: the agent never ran here.
[[nodiscard]] Result<StatusFacts> gather_status(const AgentSettings& settings, StateStore* store);

struct HealthVerdict {
    Health health{Health::failing};
    std::vector<std::string> reasons;  // empty where ok
};
// `failing`: no poll succeeded within three poll intervals and the long poll. `degraded`: it did, but the last poll or
// upload failed in a way that waiting does not mend (401, 403, a certificate or receipt that does not verify), a bundle
// waits over 15 minutes, bundles are quarantined, or the client certificate has expired or cannot be read.
[[nodiscard]] HealthVerdict judge_health(const StatusFacts& facts, const AgentSettings& settings, WallTime now);

// `status --json` of INTERFACE.md, with `reasons` and `checks_on_hold` added.
[[nodiscard]] Value status_json(const StatusFacts& facts, const HealthVerdict& verdict, const AgentSettings& settings,
                                WallTime now);

}  // namespace agent
