#pragma once
// From what was seen of the host to the report. Pure.
#include <optional>
#include <string>
#include <vector>

#include "drift/patching/apt_lists.hpp"
#include "drift/patching/ask_apt.hpp"
#include "drift/patching/nixos_view.hpp"
#include "drift/patching/old_libraries.hpp"
#include "drift/patching/reboot_view.hpp"
#include "drift/patching/sightings.hpp"
#include "model/check.hpp"

namespace agent {

// What one look at Debian found out; an error where it could not.
struct PatchingView {
    Result<AptLists> lists;
    AptAnswer apt;
    RebootView reboot;
    Result<OldLibraries> old;
};

// `sightings` and `dues` are those of this look (look_again).
[[nodiscard]] CheckReport judge_patching(const PatchingBaseline& baseline, const PatchingView& view,
                                         const Sightings& sightings, const Dues& dues, WallTime now);
[[nodiscard]] CheckReport judge_nixos(const PatchingBaseline& baseline, const NixosView& view, const Dues& dues,
                                      WallTime now);

// Parts of the above: each adds its findings, facts and state.
void judge_reboot(const PatchingBaseline& baseline, const RebootView& view, const Dues& dues, WallTime now,
                  CheckReport& report);
void judge_old_libraries(const PatchingBaseline& baseline, const Result<OldLibraries>& old, const Dues& dues,
                         WallTime now, CheckReport& report);

// A condition that this host has no part in, and why.
[[nodiscard]] Finding out_of_place(std::string condition, std::string expected, std::string found, std::string reason);

}  // namespace agent
