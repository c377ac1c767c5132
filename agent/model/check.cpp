#include "model/check.hpp"

#include <algorithm>

namespace agent {
namespace {

// Of equal severity, what could not be determined comes before what is known to be wrong, and both before what is fine.
int rank(const Finding& finding) {
    const int severity = finding.severity ? static_cast<int>(*finding.severity) + 1 : 0;
    switch (finding.result) {
        case CheckResult::error: return 40 + severity * 100;
        case CheckResult::timeout: return 30 + severity * 100;
        case CheckResult::drift: return 20 + severity * 100;
        case CheckResult::waived: return 2;
        case CheckResult::pass: return 1;
        case CheckResult::not_applicable: return 0;
    }
    return 0;
}

}  // namespace

void decide(CheckReport& report) {
    const auto worst = std::max_element(report.findings.begin(), report.findings.end(),
                                        [](const Finding& a, const Finding& b) { return rank(a) < rank(b); });
    if (worst == report.findings.end()) {
        report.result = CheckResult::error;
        report.severity = Severity::medium;
        report.reason = "the check looked at nothing";
        return;
    }
    report.result = worst->result;
    report.severity = is_fine(worst->result) ? std::nullopt : worst->severity;
    report.reason = worst->result == CheckResult::pass ? "" : worst->reason;
}

}  // namespace agent
