#include <algorithm>

#include "base/text.hpp"
#include "drift/patching/patching_report.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

constexpr std::string_view old_libraries_condition{"old_libraries"};
// A bundle has room for this many; the number of all is told in any case.
constexpr std::size_t services_most = 200;
constexpr std::size_t libraries_most = 20;

Value libraries_of(const OldService& service) {
    Value::Array list;
    for (const auto& library : service.libraries) {
        if (list.size() == libraries_most) break;
        list.emplace_back(library);
    }
    return list;
}

Finding judge_service(const std::string& name, const OldService& service, const std::string& expected, Duration age,
                      bool overdue) {
    auto which = agent::quoted(*service.libraries.begin(), 120);
    if (service.libraries.size() > 1) which += " and " + std::to_string(service.libraries.size() - 1) + " more";
    const auto found = "runs " + which + ", replaced since, for " + describe_duration(age);
    const auto named = std::string{old_libraries_condition} + ":" + name;
    if (!overdue) return fine(named, expected, found);
    return drifted(named, Severity::medium, expected, found, name + " " + found + ": restart it");
}

void judge_barred(const WholeLook& look, CheckReport& report) {
    report.facts.set("processes", static_cast<std::int64_t>(look.processes));
    report.facts.set("processes_barred", static_cast<std::int64_t>(look.barred));
    report.state.set("processes_barred", look.barred > 0);
    if (look.barred == 0) return;
    const Error barred{Errc::refused, "the memory maps of " + std::to_string(look.barred) + " of " +
                                          std::to_string(look.processes) + " processes may not be read (" +
                                          look.barred_example + "): needs CAP_SYS_PTRACE over them (run as root)"};
    report.findings.push_back(
        undetermined("process_maps", Severity::medium, "readable, to see which libraries are in use", barred));
}

}  // namespace

void judge_old_libraries(const PatchingBaseline& baseline, const Result<OldLibraries>& old, const Dues& dues,
                         WallTime now, CheckReport& report) {
    const auto expected = "restarted within " + describe_duration(baseline.restart_within);
    if (old.has_error())
        return report.findings.push_back(
            undetermined(std::string{old_libraries_condition}, Severity::medium, expected, old.error()));
    Value::Array facts;
    Value::Array state;
    for (const auto& [name, service] : old.value().services) {
        const auto due = dues.find(std::string{restart_due} + name);
        const auto since = due == dues.end() ? service.since : due->second;
        const auto age = std::chrono::duration_cast<Duration>(now - since);
        const bool overdue = age > baseline.restart_within;
        if (facts.size() == services_most) break;
        // Services come and go on old libraries with every upgrade; what counts as a change is that one stays on them.
        if (overdue) state.emplace_back(name);
        facts.push_back(Value::object({{"service", name},
                                       {"overdue", overdue},
                                       {"since", format_rfc3339(since)},
                                       {"processes", static_cast<std::int64_t>(service.processes.size())},
                                       {"libraries", libraries_of(service)}}));
        report.findings.push_back(judge_service(name, service, expected, age, overdue));
    }
    report.facts.set("old_libraries", std::move(facts));
    report.facts.set("old_services", static_cast<std::int64_t>(old.value().services.size()));
    report.facts.set("processes_looked_at", format_rfc3339(old.value().whole.made));
    report.state.set("overdue_services", std::move(state));
    if (old.value().services.empty())
        report.findings.push_back(
            fine(std::string{old_libraries_condition}, expected, "no service runs a replaced library"));
    judge_barred(old.value().whole, report);
}

}  // namespace agent
