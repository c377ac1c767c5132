#pragma once
// Since when each security upgrade is pending, as far as we can know. Pure; the check keeps it in its notes.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "drift/patching/apt_simulation.hpp"
#include "drift/patching/patching_baseline.hpp"
#include "model/value.hpp"

namespace agent {

struct Sighting {
    std::string installed;  // version: another one means that this is another upgrade
    WallTime since;
    // False: it was pending already when we first looked (or the clock went back), so it is at least that old.
    bool age_known{};
    friend bool operator==(const Sighting&, const Sighting&) = default;
};

struct Sightings {
    std::optional<WallTime> looked;                        // nothing: never
    std::map<std::string, Sighting, std::less<>> pending;  // by package
    friend bool operator==(const Sightings&, const Sightings&) = default;
};

// Notes that cannot be read are as if we had never looked: nothing is called young on their word.
[[nodiscard]] Sightings read_sightings(const Value& notes);
[[nodiscard]] Value write_sightings(const Sightings& sightings);

// A package that was not pending when we last looked counts from that look: it may have become pending just after.
[[nodiscard]] Sightings look_again(const Sightings& before, const std::vector<PendingUpgrade>& pending, WallTime now);

// Nothing where it is within its time. An unknown age is at least medium: it cannot be called compliant.
[[nodiscard]] std::optional<Severity> grade(const Sighting& sighting, const PatchingBaseline& baseline, WallTime now);

}  // namespace agent
