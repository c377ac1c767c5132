#pragma once
// What /proc tells of one process. Pure.
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace agent {

// Programs and libraries of the system that `maps` (whole lines of /proc/PID/maps) has mapped to execute and that were
// deleted since: most often because an upgrade put new ones in their place.
void collect_deleted_code(std::string_view maps, std::set<std::string>& paths);

// Whom a process belongs to, by its /proc/PID/cgroup: the unit nearest to the root that is no slice ("ssh.service",
// "init.scope"), and of all that a user runs "user-1000.slice", since sessions come and go. Empty where it is in none.
[[nodiscard]] std::string unit_of_cgroup(std::string_view cgroup);

// When it began, in clock ticks since boot: member 22 of /proc/PID/stat. Nothing where the text is not of that form.
[[nodiscard]] std::optional<std::uint64_t> start_ticks(std::string_view stat);

}  // namespace agent
