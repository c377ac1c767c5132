#include <array>
#include <cmath>
#include <cstdio>

#include "drift/report.hpp"
#include "drift/time_sync/time_sync_check.hpp"

namespace agent {
namespace {

// A Date header tells whole seconds.
constexpr Duration date_resolution{1'000};

double in_ms(Duration duration) { return static_cast<double>(duration.count()); }

std::string describe_ms(double milliseconds) {
    std::array<char, 64> text{};
    if (std::abs(milliseconds) < 1'000)
        std::snprintf(text.data(), text.size(), "%.3f ms", milliseconds);
    else
        std::snprintf(text.data(), text.size(), "%.3f s", milliseconds / 1e3);
    return text.data();
}

std::string describe_offset(double milliseconds) {
    return describe_ms(std::abs(milliseconds)) + (milliseconds < 0 ? " ahead" : " behind");
}

Finding not_known(std::string condition, std::string expected, std::string reason) {
    auto finding = fine(std::move(condition), std::move(expected), "not known");
    finding.result = CheckResult::not_applicable;
    finding.reason = std::move(reason);
    return finding;
}

Finding judge_service(const TimeSyncBaseline& baseline, const TimeSyncView& view) {
    const std::string expected{baseline.service ? name_of(*baseline.service) : "any"};
    if (!view.running) {
        const auto severity = baseline.common.severity;
        return drifted("service", severity, expected, "not running", expected + " does not run: " + view.missing);
    }
    return fine("service", expected,
                *view.running == ClockService::kernel ? "none" : std::string{name_of(*view.running)});
}

Finding judge_synchronised(const TimeSyncBaseline& baseline, const ClockView& clock) {
    const std::string expected = "synchronised";
    if (clock.synchronised) return fine(expected, expected, clock.source);
    return drifted(expected, baseline.common.severity, expected, clock.source,
                   "the clock is not synchronised: " + clock.source);
}

Finding judge_offset(const TimeSyncBaseline& baseline, const ClockView& clock) {
    const auto expected = "at most " + describe_duration(baseline.offset_most);
    if (!clock.synchronised)
        return not_known("offset", expected, "a clock that follows no source has no measured offset");
    if (clock.offset_ms) {
        const auto found = describe_offset(*clock.offset_ms);
        if (std::abs(*clock.offset_ms) <= in_ms(baseline.offset_most)) return fine("offset", expected, found);
        return drifted("offset", Severity::high, expected, found, "this host's clock is " + found);
    }
    const auto bound = clock.error_most_ms.value_or(HUGE_VAL);
    const auto found = "at most " + describe_ms(bound);
    if (bound <= in_ms(baseline.offset_most)) return fine("offset", expected, found);
    return undetermined(
        "offset", baseline.common.severity, expected,
        Error{Errc::not_found, "nobody tells the offset, and the kernel knows only that it is " + found});
}

void judge_clock(const TimeSyncBaseline& baseline, const TimeSyncView& view, CheckReport& report) {
    if (view.clock.has_error()) {
        const auto severity = baseline.common.severity;
        report.findings.push_back(undetermined("synchronised", severity, "synchronised", view.clock.error()));
        return;
    }
    const auto& clock = view.clock.value();
    report.findings.push_back(judge_synchronised(baseline, clock));
    report.findings.push_back(judge_offset(baseline, clock));
    report.state.set("synchronised", clock.synchronised);
    report.facts.set("synchronised", clock.synchronised);
    report.facts.set("source", clock.source);
    if (clock.offset_ms) report.facts.set(std::string{offset_fact}, std::int64_t{std::llround(*clock.offset_ms)});
    if (clock.error_most_ms) report.facts.set("error_most_ms", *clock.error_most_ms);
    if (!clock.facts.object()->empty()) report.facts.set("daemon", clock.facts);
}

Finding judge_server(const TimeSyncBaseline& baseline, const std::optional<ServerClock>& server, WallTime now) {
    const auto most = baseline.offset_most + date_resolution;
    const auto expected = "at most " + describe_duration(most);
    if (!server) return not_known("server_offset", expected, "no server seen lately: it has not been heard yet");
    const auto age = now - server->seen;
    if (age > baseline.server_age_most)
        return not_known("server_offset", expected,
                         "no server seen lately: it was last heard " + describe_duration(age) + " ago");
    if (age < -date_resolution)
        return not_known("server_offset", expected,
                         "no server seen lately: our clock was set back since it was last heard");
    const auto found = describe_offset(in_ms(server->ahead)) + " (within a second)";
    if (server->ahead <= most && server->ahead >= -most) return fine("server_offset", expected, found);
    return drifted("server_offset", Severity::high, expected, found,
                   "this host's clock is " + found + ", by the order server's");
}

}  // namespace

CheckReport judge_time_sync(const TimeSyncBaseline& baseline, const TimeSyncView& view,
                            const std::optional<ServerClock>& server, WallTime now) {
    auto report = report_on(baseline.common);
    const auto service = view.running ? name_of(*view.running) : std::string_view{"none"};
    report.state.set("service", service);
    report.facts.set("service", service);
    if (view.kernel.has_value()) {
        const auto& kernel = view.kernel.value();
        report.facts.set("kernel", Value::object({{"synchronised", kernel.synchronised},
                                                  {"estimated_error_ms", kernel.estimated_error_ms},
                                                  {"maximum_error_ms", kernel.maximum_error_ms}}));
    } else {
        report.facts.set("kernel", view.kernel.error().message());
    }
    if (view.last_synchronised) report.facts.set("last_synchronised", format_rfc3339(*view.last_synchronised));
    report.findings.push_back(judge_service(baseline, view));
    judge_clock(baseline, view, report);
    if (server)
        report.facts.set("server", Value::object({{"ahead_ms", std::int64_t{server->ahead.count()}},
                                                  {"seen", format_rfc3339(server->seen)}}));
    report.findings.push_back(judge_server(baseline, server, now));
    conclude(report, baseline.common);
    return report;
}

}  // namespace agent
