#include "drift/report.hpp"

#include <utility>

namespace agent {

CheckReport report_on(const CheckSettings& settings) {
    CheckReport report;
    report.name = settings.name;
    report.controls = settings.controls;
    return report;
}

void conclude(CheckReport& report, const CheckSettings& settings) {
    decide(report);
    report.recommended_runbook.reset();
    if (!is_fine(report.result)) report.recommended_runbook = settings.runbook;
}

Finding fine(std::string condition, std::string expected, std::string found) {
    Finding finding;
    finding.condition = std::move(condition);
    finding.result = CheckResult::pass;
    finding.expected = std::move(expected);
    finding.found = std::move(found);
    return finding;
}

Finding drifted(std::string condition, Severity severity, std::string expected, std::string found, std::string reason) {
    auto finding = fine(std::move(condition), std::move(expected), std::move(found));
    finding.result = CheckResult::drift;
    finding.severity = severity;
    finding.reason = std::move(reason);
    return finding;
}

Finding undetermined(std::string condition, Severity severity, std::string expected, const Error& error) {
    auto finding = fine(std::move(condition), std::move(expected), "could not be determined");
    finding.result = error.code() == Errc::timed_out ? CheckResult::timeout : CheckResult::error;
    finding.severity = severity;
    finding.reason = error.message();
    return finding;
}

}  // namespace agent
