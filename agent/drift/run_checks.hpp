#pragma once
// One round of checks.
#include <functional>
#include <string>
#include <vector>

#include "drift/baseline.hpp"

namespace agent {

struct CheckOutcome {
    CheckReport report;
    std::string notes;
    bool notes_changed{};
};

// What the caller of a round brings.
struct RoundParts {
    TimeSource& time;
    ProcessRunner& processes;
    UnitManager& units;
    Duration default_limit;  // of a check that sets none
    std::optional<ServerClock> server_clock;
    std::function<std::string(const CheckName&)> notes_of;  // what each kept; none: nothing was kept
    std::function<void(const CheckOutcome&)> ended;  // told of each as it ends, before the slowest has; may be none
};

// `not_found` names the first of `names` that `baseline` does not have, and the nearest that it has.
[[nodiscard]] Result<> known_checks(const Baseline& baseline, const std::vector<CheckName>& names);

// All checks of `baseline` (or `only` these) at the same time, each within its own limit; one that takes too long is
// `timeout` with its processes gone and delays no other. Waivers are applied. The reports come in the order of the
// baseline. An unknown name is `not_found`, naming the nearest.
[[nodiscard]] Task<std::vector<CheckOutcome>> run_checks(const Baseline& baseline, std::vector<CheckName> only,
                                                         RoundParts parts);

}  // namespace agent
