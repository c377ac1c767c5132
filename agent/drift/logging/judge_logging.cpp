#include <charconv>

#include "base/text.hpp"
#include "drift/logging/logging_check.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

void judge_units(const LoggingBaseline& baseline, const LoggingView& view, CheckReport& report) {
    Value states{Value::Object{}};
    for (const auto& [unit, state] : view.units) {
        const auto condition = "unit:" + unit;
        if (state.has_error()) {
            report.findings.push_back(undetermined(condition, baseline.common.severity, "active", state.error()));
            continue;
        }
        const auto& seen = state.value();
        const auto found = seen.load_state == "loaded" ? seen.active_state : seen.load_state;
        states.set(unit, found);
        auto why = unit;
        why.append(" is ").append(found);
        report.findings.push_back(seen.is_active() ? fine(condition, "active", found)
                                                   : drifted(condition, Severity::high, "active", found, why));
    }
    report.state.set("units", states);
}

void judge_canary(const LoggingBaseline& baseline, const LoggingView& view, CheckReport& report) {
    if (view.sent.has_error()) {
        const auto& error = view.sent.error();
        report.state.set("canary", "not sent");
        const auto finding = error.code() == Errc::unreachable
                                 ? drifted("canary", Severity::high, "sent", "not sent", error.message())
                                 : undetermined("canary", baseline.common.severity, "sent", error);
        report.findings.push_back(finding);
        return;
    }
    const auto expected = "within " + describe_duration(baseline.within);
    Value arrived{Value::Object{}};
    Value times{Value::Object{}};
    for (const auto& [place, seen] : view.arrivals) {
        const auto condition = "canary:" + place.name();
        if (seen.has_error()) {
            report.findings.push_back(undetermined(condition, baseline.common.severity, expected, seen.error()));
            continue;
        }
        const bool is_there = seen.value() > 0;
        arrived.set(place.name(), is_there);
        times.set(place.name(), seen.value());
        report.findings.push_back(is_there ? fine(condition, expected, "arrived")
                                           : drifted(condition, Severity::high, expected, "not arrived",
                                                     "what is logged does not reach " + place.name() + " " + expected));
    }
    report.state.set("arrived", arrived);
    report.facts.set("canary_seen_times", times);
}

void judge_queue(const LoggingBaseline& baseline, const Result<QueueSighting>& queue, CheckReport& report) {
    const auto looks = std::to_string(baseline.queue->looks);
    const auto expected = "growing over less than " + looks + " looks";
    if (queue.has_error()) {
        report.findings.push_back(undetermined("queue", baseline.common.severity, expected, queue.error()));
        return;
    }
    const auto& seen = queue.value();
    const bool is_stuck = seen.growing_looks >= baseline.queue->looks;
    const auto found =
        std::to_string(seen.bytes) + " bytes, growing over " + std::to_string(seen.growing_looks) + " looks";
    report.state.set("queue_stuck", is_stuck);
    report.facts.set("queue_bytes", seen.bytes);
    report.facts.set("queue_growing_looks", seen.growing_looks);
    report.findings.push_back(
        is_stuck ? drifted("queue", Severity::medium, expected, found,
                           "the forwarding queue in " + baseline.queue->directory.native() + " only grows: " + found)
                 : fine("queue", expected, found));
}

void judge_audit(const LoggingBaseline& baseline, const Result<std::int64_t>& enabled, CheckReport& report) {
    if (enabled.has_error()) {
        const auto severity = baseline.common.severity;
        report.findings.push_back(undetermined("audit_enabled", severity, "enabled", enabled.error()));
        return;
    }
    const bool is_on = enabled.value() != 0;
    report.state.set("audit_enabled", is_on);
    report.findings.push_back(is_on ? fine("audit_enabled", "enabled", "enabled")
                                    : drifted("audit_enabled", Severity::high, "enabled", "disabled",
                                              "the kernel's audit is disabled; run: auditctl -e 1"));
}

}  // namespace

std::string LogPlace::name() const {
    if (kind == PlaceKind::journal) return "journal";
    return (kind == PlaceKind::file ? "file:" : "spool:") + path.native();
}

Result<std::int64_t> parse_audit_status(std::string_view text) {
    constexpr std::string_view key = "enabled ";
    for (auto rest = text; !rest.empty();) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        std::int64_t enabled{};
        if (!line.starts_with(key)) continue;
        const auto number = line.substr(key.size());
        const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), enabled);
        if (error == std::errc{} && end == number.data() + number.size()) return enabled;
    }
    return Error{Errc::malformed, "auditctl printed no status: " + agent::quoted(text, 120)};
}

CheckReport judge_logging(const LoggingBaseline& baseline, const LoggingView& view) {
    auto report = report_on(baseline.common);
    judge_units(baseline, view, report);
    judge_canary(baseline, view, report);
    if (view.queue) judge_queue(baseline, *view.queue, report);
    if (view.audit_enabled) judge_audit(baseline, *view.audit_enabled, report);
    for (const auto& [name, value] : *report.state.object()) report.facts.set(name, value);
    conclude(report, baseline.common);
    return report;
}

}  // namespace agent
