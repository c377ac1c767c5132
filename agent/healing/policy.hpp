#pragma once
// Local policy: may a run start now, or must it wait? Pure. Its answer is the only thing beside an admitted order that
// the engine takes as a mandate.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "base/time.hpp"
#include "healing/window.hpp"
#include "model/order.hpp"
#include "model/vocabulary.hpp"

namespace agent {

struct PolicySettings {
    HealingMode mode{HealingMode::dry_run};
    std::optional<MaintenanceWindow> window;  // nothing: always
    Duration cooldown{std::chrono::minutes{10}};
    std::int64_t max_per_day{6};
};

struct PolicyFacts {
    WallTime now;  // host clock
    std::optional<WallTime> hold_until;
    std::optional<WallTime> last_run;  // of this runbook
    std::int64_t runs_in_last_day{};
    std::optional<Duration> cooldown;          // the runbook's own; the longer one counts
    std::optional<std::int64_t> most_per_day;  // the runbook's own; the smaller one counts
    std::optional<std::string> check_held;     // why healing of the check that it repairs waits for a person
    bool joins_a_run{};                        // one that is under way, and has been counted
    bool clock_untrusted{};
    bool changes_host{};
    bool disruptive{};
};

struct Deferral {
    Gate reason{};
    std::string detail;  // "healing is in mode dry_run", "window opens at …"
    // When it is worth asking again by the clock alone; nothing where something else must change first.
    std::optional<WallTime> not_before;
};

// In the order of PROTOCOL.md section 4: healing_disabled, outside_maintenance_window, budget_exhausted,
// clock_untrusted. Nothing: it may run now. `plan` orders are never deferred, so they are not asked about.
[[nodiscard]] std::optional<Deferral> judge_policy(const PolicySettings& settings, const PolicyFacts& facts);

}  // namespace agent
