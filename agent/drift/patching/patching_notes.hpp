#pragma once
// What the check keeps from look to look. Pure.
#include <optional>
#include <string>
#include <string_view>

#include "drift/patching/due.hpp"
#include "drift/patching/kept_answer.hpp"
#include "drift/patching/old_libraries.hpp"
#include "drift/patching/sightings.hpp"

namespace agent {

struct PatchingNotes {
    Sightings sightings;
    Dues dues;
    std::optional<KeptAnswer> apt;
    std::optional<WholeLook> processes;
};

// Each part that cannot be read is as if it had never been kept.
[[nodiscard]] PatchingNotes read_patching_notes(std::string_view notes);
[[nodiscard]] std::string write_patching_notes(const PatchingNotes& notes);

}  // namespace agent
