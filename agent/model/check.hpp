#pragma once
// What a drift check says of the host.
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/ids.hpp"
#include "model/value.hpp"
#include "model/vocabulary.hpp"

namespace agent {

// HIPAA sections (45 CFR) and NIST 800-53 controls that a check or runbook serves.
struct Controls {
    std::vector<std::string> hipaa;        // "164.312(a)(1)"
    std::vector<std::string> nist_800_53;  // "SC-7"
    friend bool operator==(const Controls&, const Controls&) = default;
};

// One sub-condition: what was expected and what was found. None overwrites another; the worst decides.
struct Finding {
    std::string condition;  // stable name, "mode"
    CheckResult result{CheckResult::error};
    std::optional<Severity> severity;  // set where the result is not fine
    std::string expected;
    std::string found;
    std::string reason;  // for people; empty where fine
};

struct CheckReport {
    CheckName name;
    CheckResult result{CheckResult::error};
    std::optional<Severity> severity;
    std::string reason;  // one line; empty where the result is pass
    // Every fact decided on, measurements that always move included (ages, counters): goes into pre_state.
    Value facts{Value::Object{}};
    // The state alone, without measurements: evidence of a change is written when this, result or severity moves.
    Value state{Value::Object{}};
    std::vector<Finding> findings;
    std::optional<RunbookId> recommended_runbook;
    Controls controls;
    WallTime started;
    WallTime ended;
};

// Result and severity of a report from its findings: the worst decides. drift over timeout and error only by severity:
// what could not be determined never hides behind something that could.
void decide(CheckReport& report);

}  // namespace agent
