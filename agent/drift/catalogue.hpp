#pragma once
// Every check there is: one line each in catalogue.cpp.
#include <memory>
#include <span>
#include <string_view>

#include "codec/schema.hpp"
#include "drift/check.hpp"

namespace agent {

struct CheckKind {
    std::string_view name;  // of a built-in check's section below `checks`, or of an own check's `kind`
    // Reads the keys of one check, reporting faults into `keys`; what comes of a faulty one is never run. Keys that
    // nobody asked for are the caller's to report.
    std::shared_ptr<const Check> (*read)(MapReader& keys, CheckName name);
};

// The mission's own, which run with their defaults where the baseline does not mention them.
[[nodiscard]] std::span<const CheckKind> built_in_checks() noexcept;
// What the entries of `custom` may be.
[[nodiscard]] std::span<const CheckKind> custom_kinds() noexcept;

// Severity, runbook, timeout, hipaa_controls and nist_800_53 of one check; what is not said stays as in `defaults`.
[[nodiscard]] CheckSettings read_settings(MapReader& reader, CheckSettings defaults);

}  // namespace agent
