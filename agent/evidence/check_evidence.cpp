#include "evidence/check_evidence.hpp"

#include <algorithm>

#include "codec/json.hpp"
#include "crypto/digest.hpp"
#include "model/hold.hpp"

namespace agent {
namespace {

Value severity_value(const std::optional<Severity>& severity) {
    return severity ? Value{to_string(*severity)} : Value{};
}

Value findings_value(const std::vector<Finding>& findings) {
    Value::Array list;
    for (const auto& finding : findings)
        list.push_back(Value::object({{"condition", finding.condition},
                                      {"result", to_string(finding.result)},
                                      {"severity", severity_value(finding.severity)},
                                      {"expected", finding.expected},
                                      {"found", finding.found},
                                      {"reason", finding.reason}}));
    return list;
}

Value remembered_value(const RememberedCheck& check) {
    return Value::object({{"name", check.name.str()},
                          {"result", to_string(check.result)},
                          {"severity", severity_value(check.severity)},
                          {"reason", check.reason},
                          {"since", format_rfc3339(check.last_change)},
                          {"last_run", format_rfc3339(check.last_run)}});
}

Value held_value(const std::vector<HeldCheck>& checks) {
    Value::Array list;
    for (const auto& check : checks) {
        auto held = value_of_held_check(check.since, check.reason);
        held.set("check", check.name.str());
        list.push_back(std::move(held));
    }
    return list;
}

}  // namespace

std::optional<Trigger> worth_recording(const std::optional<RememberedCheck>& last, const CheckReport& report,
                                       std::string_view state_digest) {
    if (!last) return Trigger::startup;
    const bool moved = last->result != report.result || last->severity != report.severity;
    if (moved || last->state_digest != state_digest) return Trigger::change;
    return std::nullopt;
}

std::string state_digest(const CheckReport& report) { return sha256_hex(write_json(report.state)); }

EvidenceDraft draft_of_check(const CheckReport& report, Trigger trigger) {
    EvidenceDraft draft;
    draft.started = report.started;
    draft.ended = report.ended;
    draft.trigger = trigger;
    draft.check = report.name.str();
    draft.result = report.result;
    draft.severity = report.severity;
    draft.controls = report.controls;
    draft.pre_state = report.facts.object() != nullptr ? report.facts : Value::object({{"facts", report.facts}});
    draft.pre_state.set("findings", findings_value(report.findings));
    draft.post_state = draft.pre_state;
    draft.outcome = is_fine(report.result) ? Outcome::success : Outcome::alert;
    if (draft.outcome == Outcome::alert) draft.error = report.reason;
    return draft;
}

EvidenceDraft draft_of_flapping(const CheckReport& report, std::int64_t changes, Duration span) {
    auto draft = draft_of_check(report, Trigger::change);
    draft.pre_state.set("flapping", Value::object({{"changes", changes}, {"within_sec", span.count() / 1000}}));
    draft.post_state = draft.pre_state;
    draft.outcome = Outcome::alert;
    draft.error = "flapping: " + std::to_string(changes) + " changes within " + describe_duration(span) +
                  "; healing of this check is on hold until a person resumes it";
    return draft;
}

EvidenceDraft draft_of_heartbeat(const std::vector<RememberedCheck>& checks, std::int64_t unrecorded_refusals,
                                 const Holds& holds, WallTime started, WallTime now) {
    Value::Array list;
    for (const auto& check : checks) list.push_back(remembered_value(check));
    EvidenceDraft draft;
    draft.started = started;
    draft.ended = now;
    draft.trigger = Trigger::heartbeat;
    draft.pre_state = Value::object({{"checks", std::move(list)},
                                     {"unrecorded_refusals", unrecorded_refusals},
                                     {"hold", value_of_hold(holds.host_until, now)},
                                     {"checks_on_hold", held_value(holds.checks)}});
    draft.post_state = draft.pre_state;
    const bool fine = std::ranges::all_of(checks, [](const RememberedCheck& check) { return is_fine(check.result); });
    draft.outcome = fine ? Outcome::success : Outcome::alert;
    return draft;
}

}  // namespace agent
