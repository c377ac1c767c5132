#include "drift/custom/unit_check.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "drift/catalogue.hpp"
#include "drift/report.hpp"
#include "host/unit_name.hpp"

namespace agent {
namespace {

// UnitFileState of org.freedesktop.systemd1(5), and two words that stand for several of them.
std::vector<std::string_view> enabled_words() {
    return {"true",  "false",  "enabled", "enabled-runtime", "disabled",       "static",    "indirect",
            "alias", "masked", "linked",  "linked-runtime",  "masked-runtime", "generated", "transient"};
}

bool exists(const UnitState& unit) { return unit.load_state != "not-found"; }

std::string shown_active(const UnitState& unit) {
    if (unit.load_state != "loaded") return unit.load_state;
    return unit.active_state + " (" + unit.sub_state + ")";
}

std::string shown_enabled(const UnitState& unit) {
    if (!exists(unit)) return unit.load_state;
    return unit.unit_file_state.empty() ? "no unit file" : unit.unit_file_state;
}

// What is forgotten at the next boot (enabled-runtime, masked-runtime) is neither.
bool is_enabled_as(const std::string& expected, const UnitState& unit) {
    const auto& found = unit.unit_file_state;
    if (expected == "true") return found == "enabled" || found == "alias";
    if (expected == "false") return !exists(unit) || found.empty() || found == "disabled" || found == "masked";
    return found == expected;
}

// The key that would expect what is there, in the terms of what was expected before where they fit.
std::optional<std::string> enabled_word(const std::string& expected, const UnitState& unit) {
    for (const auto& word : {expected, std::string{"true"}, std::string{"false"}})
        if (is_enabled_as(word, unit)) return word;
    const auto words = enabled_words();
    if (std::find(words.begin(), words.end(), unit.unit_file_state) == words.end()) return std::nullopt;
    return unit.unit_file_state;
}

std::string words_of(const std::string& expected) {
    if (expected == "true") return "enabled";
    if (expected == "false") return "not enabled";
    return expected;
}

void judge_active(const UnitBaseline& baseline, const UnitState& unit, CheckReport& report) {
    const std::string expected = *baseline.active ? "active" : "not active";
    const auto found = shown_active(unit);
    if (unit.is_active() == *baseline.active) return report.findings.push_back(fine("active", expected, found));
    auto reason = baseline.unit + " is " + found + ", not " + (*baseline.active ? "active" : "stopped");
    if (!exists(unit)) reason = baseline.unit + " does not exist on this host";
    if (exists(unit) && *baseline.active && !unit.condition_result) reason += ": a condition of the unit does not hold";
    report.findings.push_back(drifted("active", baseline.common.severity, expected, found, std::move(reason)));
}

void judge_enabled(const UnitBaseline& baseline, const UnitState& unit, CheckReport& report) {
    const auto expected = words_of(*baseline.enabled);
    const auto found = shown_enabled(unit);
    if (is_enabled_as(*baseline.enabled, unit)) return report.findings.push_back(fine("enabled", expected, found));
    report.findings.push_back(drifted("enabled", baseline.common.severity, expected, found,
                                      baseline.unit + " is " + found + ", not " + expected));
}

void judge_unknown(const UnitBaseline& baseline, const Error& error, CheckReport& report) {
    const auto severity = baseline.common.severity;
    report.state = Value::object({{"unit", baseline.unit}});
    report.facts = report.state;
    if (baseline.active)
        report.findings.push_back(undetermined("active", severity, *baseline.active ? "active" : "not active", error));
    if (baseline.enabled)
        report.findings.push_back(undetermined("enabled", severity, words_of(*baseline.enabled), error));
}

}  // namespace

std::shared_ptr<const Check> read_unit_check(MapReader& keys, CheckName name) {
    CheckSettings defaults;
    defaults.name = std::move(name);
    defaults.controls = {{"164.308(a)(1)(ii)(D)"}, {"CM-6", "CM-7"}};
    UnitBaseline unit;
    unit.common = read_settings(keys, std::move(defaults));
    const auto text = keys.text("unit");
    keys.require("unit", "it names the unit that is looked at, with its suffix: ssh.service");
    if (text) {
        unit.unit = *text;
        if (const auto sound = check_unit_name(unit.unit); sound.has_error())
            keys.fault("unit", sound.error().message());
    }
    unit.active = keys.boolean("active");
    unit.enabled = keys.one_of("enabled", enabled_words());
    if (keys.node("active") == nullptr && keys.node("enabled") == nullptr)
        keys.fault("unit", "expects nothing; say at least one of active, enabled");
    return std::make_shared<UnitCheck>(std::move(unit));
}

CheckReport judge_unit_check(const UnitBaseline& baseline, const Result<UnitState>& unit) {
    auto report = report_on(baseline.common);
    if (unit.has_error()) {
        judge_unknown(baseline, unit.error(), report);
    } else {
        const auto& state = unit.value();
        report.state = Value::object({{"unit", baseline.unit},
                                      {"load_state", state.load_state},
                                      {"active_state", state.active_state},
                                      {"unit_file_state", state.unit_file_state}});
        report.facts = report.state;
        report.facts.set("sub_state", state.sub_state);
        report.facts.set("result", state.result);
        report.facts.set("condition_result", state.condition_result);
        report.facts.set("restarts", std::int64_t{state.restarts});
        report.facts.set("invocation_id", state.invocation_id);
        if (baseline.active) judge_active(baseline, state, report);
        if (baseline.enabled) judge_enabled(baseline, state, report);
    }
    conclude(report, baseline.common);
    return report;
}

Task<CheckReport> UnitCheck::look(CheckTools& tools, std::string&) const {
    auto unit = co_await tools.units.state(baseline_.unit);
    if (unit.has_error() && unit.error().code() == Errc::cancelled) co_return std::move(unit).error();
    co_return judge_unit_check(baseline_, unit);
}

std::string UnitCheck::explain() const {
    std::string text = "Asks the service manager about " + baseline_.unit + ", which must ";
    if (baseline_.active) text += *baseline_.active ? "be active" : "not be active";
    if (baseline_.active && baseline_.enabled) text += " and ";
    if (baseline_.enabled) text += "be " + words_of(*baseline_.enabled);
    return text +
           ". A safeguard that is not started protects nothing, and a service that nobody wants is one more way in: "
           "NIST 800-53 CM-6 and CM-7, and the review of activity that 45 CFR 164.308(a)(1)(ii)(D) wants.";
}

Task<Learnt> UnitCheck::learn(CheckTools& tools) const {
    const auto unit = co_await tools.units.state(baseline_.unit);
    if (unit.has_error() && unit.error().code() == Errc::cancelled) co_return unit.error();
    Learnt learnt;
    learnt.from = "the service manager's word on " + baseline_.unit;
    if (unit.has_error()) {
        learnt.unknown.push_back(unit.error().message());
        co_return learnt;
    }
    const auto& state = unit.value();
    if (!exists(state)) learnt.remarks.push_back(baseline_.unit + " does not exist on this host");
    if (baseline_.active) learnt.say("active", state.is_active());
    if (!baseline_.enabled) co_return learnt;
    if (const auto word = enabled_word(*baseline_.enabled, state))
        learnt.lines += "enabled: " + *word + '\n';
    else
        learnt.remarks.push_back("whether it is enabled is " + agent::quoted(shown_enabled(state)) +
                                 ", which no key says");
    co_return learnt;
}

}  // namespace agent
