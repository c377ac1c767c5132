#pragma once
// What the readers of the single kinds of check share. The reader of a kind stands beside its check; baseline.cpp has
// one line for each.
#include <string_view>

#include "codec/schema.hpp"
#include "drift/baseline.hpp"

namespace agent {

// Reads severity, runbook, timeout, hipaa_controls and nist_800_53; what is not said stays as in `defaults`.
[[nodiscard]] CheckSettings read_settings(MapReader& reader, CheckSettings defaults);

// The section of a built-in check below `checks`; `section` is null where there is none, and then the defaults hold.
void read_patching(const std::filesystem::path& file, const YamlNode* section, Faults& faults, Baseline& baseline);

// One entry of `custom`, whose name and kind are read already.
void read_file_check(MapReader& entry, CheckName name, Baseline& baseline);

}  // namespace agent
