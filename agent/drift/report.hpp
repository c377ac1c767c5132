#pragma once
// How checks put what they saw into words, all in the same way.
#include <string>

#include "base/result.hpp"
#include "drift/check.hpp"
#include "model/check.hpp"

namespace agent {

// A report on the check of these settings, with no findings yet.
[[nodiscard]] CheckReport report_on(const CheckSettings& settings);
// Result, severity and reason from the findings; the runbook is recommended where the result is not fine.
void conclude(CheckReport& report, const CheckSettings& settings);

[[nodiscard]] Finding fine(std::string condition, std::string expected, std::string found);
[[nodiscard]] Finding drifted(std::string condition, Severity severity, std::string expected, std::string found,
                              std::string reason);
// What could not be determined, with the reason in `error`: `timeout` where a limit of ours passed, else `error`.
[[nodiscard]] Finding undetermined(std::string condition, Severity severity, std::string expected, const Error& error);

}  // namespace agent
