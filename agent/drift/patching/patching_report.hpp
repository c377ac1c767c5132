#pragma once
// From what was seen of apt to the report. Pure.
#include <optional>
#include <string>
#include <vector>

#include "drift/patching/apt_lists.hpp"
#include "drift/patching/apt_simulation.hpp"
#include "drift/patching/sightings.hpp"
#include "model/check.hpp"

namespace agent {

// What one look found out; an error where it could not.
struct PatchingView {
    Result<AptLists> lists;
    Result<AptSimulation> simulation;
    Result<std::vector<std::string>> on_hold;
};

// `sightings` are those of this look (look_again).
[[nodiscard]] CheckReport judge_patching(const PatchingBaseline& baseline, const PatchingView& view,
                                         const Sightings& sightings, WallTime now);

}  // namespace agent
