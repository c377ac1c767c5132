#include "drift/patching/patching_report.hpp"

#include <algorithm>

#include "drift/report.hpp"

namespace agent {
namespace {

// Clocks of hosts and archives differ a little.
constexpr Duration clock_tolerance{std::chrono::minutes{10}};
// A bundle has room for this many; the number of all is told in any case.
constexpr std::size_t listed_most = 1000;

void judge_lists(const PatchingBaseline& baseline, const AptLists& lists, WallTime now, CheckReport& report) {
    report.facts.set("archives", static_cast<std::int64_t>(lists.archives));
    report.state.set("security_archive", lists.security_date.has_value());
    if (!lists.security_date) {
        report.findings.push_back(drifted("security_archive", Severity::high, "configured", "missing",
                                          "none of apt's package lists is of a security archive: no security upgrade "
                                          "can be seen; add it to the apt sources"));
        return;
    }
    report.findings.push_back(fine("security_archive", "configured", "configured"));
    const auto age = now - *lists.security_date;
    const auto most = "at most " + describe_duration(baseline.lists_age_most);
    report.facts.set("security_list_date", format_rfc3339(*lists.security_date));
    if (age < -clock_tolerance) {
        const Error ahead{Errc::untrusted,
                          "the security archive's list is dated after this host's clock: the clock is wrong"};
        report.findings.push_back(undetermined("lists_age", Severity::medium, most, ahead));
        return;
    }
    const auto shown = describe_duration(std::max(age, Duration{0}));
    report.facts.set("security_list_age_sec", std::chrono::duration_cast<std::chrono::seconds>(age).count());
    if (age <= baseline.lists_age_most) return report.findings.push_back(fine("lists_age", most, shown));
    report.findings.push_back(drifted(
        "lists_age", Severity::medium, most, shown,
        "the security archive's list is of " + shown + " ago: newer upgrades are unknown; run: apt-get update"));
}

struct Pending {
    Value::Array facts;
    Value::Array state;
    std::optional<Severity> worst;
    std::size_t overdue{};
    std::size_t unknown_age{};
    std::size_t on_hold{};
    Duration oldest{};
};

Pending list_pending(const PatchingBaseline& baseline, const AptAnswer& apt, const Sightings& sightings, WallTime now) {
    Pending pending;
    const auto is_held = [&](const std::string& package) {
        const auto name = package.substr(0, package.find(':'));
        if (apt.dpkg.has_error()) return false;
        const auto& on_hold = apt.dpkg.value().on_hold;
        return std::binary_search(on_hold.begin(), on_hold.end(), name);
    };
    for (const auto& upgrade : apt.simulation.value().security) {
        const auto& sighting = sightings.pending.find(upgrade.package)->second;
        const auto severity = grade(sighting, baseline, now);
        const auto age = now - sighting.since;
        const bool held = is_held(upgrade.package);
        pending.worst = std::max(pending.worst, severity);
        pending.oldest = std::max(pending.oldest, Duration{age});
        pending.overdue += severity ? 1U : 0U;
        pending.unknown_age += sighting.age_known ? 0U : 1U;
        pending.on_hold += held ? 1U : 0U;
        if (pending.state.size() == listed_most) continue;
        const Value grade_word = severity ? Value{to_string(*severity)} : Value{};
        Value item =
            Value::object({{"package", upgrade.package}, {"candidate", upgrade.candidate}, {"severity", grade_word}});
        if (held) item.set("on_hold", true);
        pending.state.push_back(item);
        item.set("installed", upgrade.installed);
        item.set(sighting.age_known ? "pending_since" : "pending_since_before", format_rfc3339(sighting.since));
        item.set("age_sec", std::chrono::duration_cast<std::chrono::seconds>(age).count());
        pending.facts.push_back(std::move(item));
    }
    return pending;
}

std::string describe(const Pending& pending, std::size_t number) {
    if (number == 0) return "none";
    std::string text = std::to_string(number) + (number == 1 ? " security upgrade" : " security upgrades") + " pending";
    if (pending.unknown_age < number) text += ", the oldest for " + describe_duration(pending.oldest);
    if (pending.unknown_age > 0)
        text += ", " + std::to_string(pending.unknown_age) + " of unknown age (pending when first looked at, " +
                describe_duration(pending.oldest) + " ago)";
    if (pending.on_hold > 0) text += ", " + std::to_string(pending.on_hold) + " on hold";
    return text;
}

void judge_pending(const PatchingBaseline& baseline, const AptAnswer& apt, const Sightings& sightings, WallTime now,
                   CheckReport& report) {
    const auto expected = "none for more than " + describe_duration(baseline.pending_medium);
    auto pending = list_pending(baseline, apt, sightings, now);
    const auto number = apt.simulation.value().security.size();
    const auto found = describe(pending, number);
    report.facts.set("pending_security_upgrades", static_cast<std::int64_t>(number));
    report.facts.set("other_upgrades", static_cast<std::int64_t>(apt.simulation.value().others));
    report.facts.set("pending", std::move(pending.facts));
    report.state.set("pending_security_upgrades", static_cast<std::int64_t>(number));
    report.state.set("pending", std::move(pending.state));
    if (!pending.worst) return report.findings.push_back(fine("security_upgrades", expected, found));
    report.findings.push_back(drifted("security_upgrades", *pending.worst, expected, found, found));
}

void judge_apt(const PatchingBaseline& baseline, const PatchingView& view, const Sightings& sightings, WallTime now,
               CheckReport& report) {
    const auto severity = baseline.common.severity;
    if (view.apt.simulation.has_error()) {
        report.findings.push_back(undetermined("security_upgrades", severity,
                                               "none for more than " + describe_duration(baseline.pending_medium),
                                               view.apt.simulation.error()));
    } else {
        report.facts.set("apt_asked", format_rfc3339(view.apt.made));
        judge_pending(baseline, view.apt, sightings, now, report);
    }
    if (view.apt.dpkg.has_error()) {
        report.findings.push_back(undetermined("held_packages", Severity::low, "readable", view.apt.dpkg.error()));
    } else {
        report.facts.set("on_hold", Value::strings(view.apt.dpkg.value().on_hold));
        report.state.set("on_hold", Value::strings(view.apt.dpkg.value().on_hold));
    }
}

}  // namespace

Finding out_of_place(std::string condition, std::string expected, std::string found, std::string reason) {
    auto finding = fine(std::move(condition), std::move(expected), std::move(found));
    finding.result = CheckResult::not_applicable;
    finding.reason = std::move(reason);
    return finding;
}

CheckReport judge_patching(const PatchingBaseline& baseline, const PatchingView& view, const Sightings& sightings,
                           const Dues& dues, WallTime now) {
    auto report = report_on(baseline.common);
    judge_apt(baseline, view, sightings, now, report);
    if (view.lists.has_error()) {
        report.findings.push_back(
            undetermined("package_lists", baseline.common.severity, "readable", view.lists.error()));
    } else {
        judge_lists(baseline, view.lists.value(), now, report);
    }
    judge_reboot(baseline, view.reboot, dues, now, report);
    judge_old_libraries(baseline, view.old, dues, now, report);
    report.findings.push_back(out_of_place("generation", "the newest", "none",
                                           "no Nix here: this host is patched by apt, not by generations"));
    conclude(report, baseline.common);
    return report;
}

}  // namespace agent
