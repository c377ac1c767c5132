#pragma once
// When a check result deserves evidence (DESIGN.md section 4): the first result, a change, and the heartbeat that lists
// every check. Decided without I/O.
#include <optional>
#include <vector>

#include "model/bundle.hpp"
#include "model/check.hpp"
#include "store/check_memory.hpp"

namespace agent {

// `startup` for a first result, `change` where result, severity or state moved, else nothing.
[[nodiscard]] std::optional<Trigger> worth_recording(const std::optional<RememberedCheck>& last,
                                                     const CheckReport& report, std::string_view state_digest);

// Digest of what counts as the state of a report (not its measurements).
[[nodiscard]] std::string state_digest(const CheckReport& report);

[[nodiscard]] EvidenceDraft draft_of_check(const CheckReport& report, Trigger trigger);

// The check changed `changes` times within `span`, the last time to what `report` says.
[[nodiscard]] EvidenceDraft draft_of_flapping(const CheckReport& report, std::int64_t changes, Duration span);

// What keeps drifts from being healed.
struct Holds {
    std::optional<WallTime> host_until;
    std::vector<HeldCheck> checks;
};

// One bundle, check `general`, that lists every check with its result, since when, and when it last ran; the number of
// refusals that went unrecorded; and the holds in force.
[[nodiscard]] EvidenceDraft draft_of_heartbeat(const std::vector<RememberedCheck>& checks,
                                               std::int64_t unrecorded_refusals, const Holds& holds, WallTime started,
                                               WallTime now);

}  // namespace agent
