#pragma once
// Since when something is due: a reboot, the restart of a service. Pure; the check keeps it in its notes.
#include <map>
#include <string>

#include "base/time.hpp"
#include "model/value.hpp"

namespace agent {

struct DueSeen {
    WallTime since;        // as the host tells it now: a file's time, which a later change moves on
    WallTime at_earliest;  // of what is due: a service is not due for longer than it runs
};
using DuesSeen = std::map<std::string, DueSeen, std::less<>>;

// What is due, since when. What is not due any more is not in it.
using Dues = std::map<std::string, WallTime, std::less<>>;

// The earlier of what we knew and what the host tells, never before `at_earliest` and never in the future.
[[nodiscard]] Dues look_again(const Dues& before, const DuesSeen& seen, WallTime now);

// Null, or notes that cannot be read: nothing was known.
[[nodiscard]] Dues read_dues(const Value* notes);
[[nodiscard]] Value write_dues(const Dues& dues);

}  // namespace agent
