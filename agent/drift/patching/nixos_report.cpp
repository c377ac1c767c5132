#include <algorithm>

#include "base/text.hpp"
#include "drift/patching/patching_report.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

std::string shown(const NixosGeneration* generation) {
    return generation == nullptr ? "none of the profile" : "generation " + std::to_string(generation->number);
}

Value number_of(const NixosGeneration* generation) {
    return generation == nullptr ? Value{} : Value{generation->number};
}

void set_both(CheckReport& report, const std::string& name, const Value& value) {
    report.facts.set(name, value);
    report.state.set(name, value);
}

void judge_generation(const PatchingBaseline& baseline, const NixosView& view, CheckReport& report) {
    const std::string condition{"generation"};
    const auto wanted = baseline.generation ? "generation " + std::to_string(*baseline.generation)
                                            : std::string{"the newest generation"};
    const auto* failed = view.current.has_error() ? &view.current.error() : nullptr;
    if (failed == nullptr && view.generations.has_error()) failed = &view.generations.error();
    if (failed != nullptr) return report.findings.push_back(undetermined(condition, Severity::medium, wanted, *failed));
    const auto* running = running_generation(view);
    const auto& newest = view.generations.value().back();
    set_both(report, "generation", number_of(running));
    set_both(report, "newest_generation", newest.number);
    const auto expected = baseline.generation ? wanted : wanted + " (" + std::to_string(newest.number) + ")";
    const auto found = shown(running);
    if (running != nullptr && running->number == baseline.generation.value_or(newest.number))
        return report.findings.push_back(fine(condition, expected, found));
    const auto reason = running == nullptr ? "the running system " + view.current.value().store_path.native() +
                                                 " is of no generation of the profile: it is gone after the next boot"
                                           : found + " runs, not " + expected;
    report.findings.push_back(drifted(condition, Severity::medium, expected, found, reason));
}

std::optional<Severity> grade(const PatchingBaseline& baseline, Duration age) {
    if (age > baseline.generation_high) return Severity::high;
    if (age > baseline.generation_medium) return Severity::medium;
    return std::nullopt;
}

void judge_age(const PatchingBaseline& baseline, const NixosView& view, WallTime now, CheckReport& report) {
    const std::string condition{"generation_age"};
    const auto expected = "at most " + describe_duration(baseline.generation_medium);
    const auto* running = running_generation(view);
    if (running == nullptr) {
        const Error unknown{Errc::not_found,
                            "how old the running system is cannot be told: no link of a generation leads to it"};
        return report.findings.push_back(undetermined(condition, Severity::medium, expected, unknown));
    }
    const auto age = std::chrono::duration_cast<Duration>(now - running->made);
    report.facts.set("generation_made", format_rfc3339(running->made));
    report.facts.set("generation_age_sec", std::chrono::duration_cast<std::chrono::seconds>(age).count());
    if (age < -Duration{std::chrono::minutes{10}}) {
        const Error ahead{Errc::untrusted,
                          "the running generation is dated after this host's clock: the clock is wrong"};
        return report.findings.push_back(undetermined(condition, Severity::medium, expected, ahead));
    }
    const auto found = describe_duration(std::max(age, Duration{0}));
    const auto severity = grade(baseline, age);
    if (!severity) return report.findings.push_back(fine(condition, expected, found));
    report.findings.push_back(drifted(condition, *severity, expected, found,
                                      shown(running) + " is of " + found + " ago: build and switch to a newer one"));
}

std::string parts_that_differ(const std::vector<BootPart>& parts) {
    std::string text;
    for (const auto& part : parts)
        if (part.differs()) text += (text.empty() ? "" : ", ") + part.name;
    return text;
}

void judge_boot(const PatchingBaseline& baseline, const NixosView& view, const Dues& dues, WallTime now,
                CheckReport& report) {
    const std::string condition{reboot_due};
    const auto expected = "rebooted within " + describe_duration(baseline.reboot_within);
    const auto look_failed = [&](const Error& error) {
        report.findings.push_back(undetermined(condition, Severity::medium, expected, error));
    };
    if (view.parts.has_error()) return look_failed(view.parts.error());
    const auto& parts = view.parts.value();
    const auto is_none = [](const BootPart& part) { return part.booted.empty() && part.current.empty(); };
    if (std::all_of(parts.begin(), parts.end(), is_none))
        return report.findings.push_back(out_of_place(condition, expected, "no kernel",
                                                      "the system has no kernel of its own: this host is a container"));
    if (view.booted.has_error()) return look_failed(view.booted.error());
    const auto differing = parts_that_differ(parts);
    set_both(report, "reboot_for", differing);
    if (differing.empty())
        return report.findings.push_back(fine(condition, expected, "booted with what the running system has"));
    const auto due = dues.find(reboot_due);
    const auto since = due == dues.end() ? now : due->second;
    const bool overdue = now - since > baseline.reboot_within;
    report.facts.set("reboot_since", format_rfc3339(since));
    report.state.set("reboot_overdue", overdue);
    const auto found = "another " + differing + " than was booted, for " +
                       describe_duration(std::chrono::duration_cast<Duration>(now - since));
    if (!overdue) return report.findings.push_back(fine(condition, expected, found));
    report.findings.push_back(
        drifted(condition, Severity::medium, expected, found, "the system has " + found + ": reboot"));
}

void judge_revision(const PatchingBaseline& baseline, const NixosView& view, CheckReport& report) {
    const std::string condition{"revision"};
    const auto& wanted = *baseline.revision;
    const auto label = view.current.has_value() ? view.current.value().revision : std::string{};
    if (label == wanted) return report.findings.push_back(fine(condition, wanted, label));
    if (!view.version || view.version->has_error()) {
        const auto why = view.version ? view.version->error() : Error{Errc::not_found, "nixos-version was not asked"};
        return report.findings.push_back(undetermined(condition, Severity::medium, wanted, why));
    }
    const auto& told = view.version->value();
    set_both(report, "configuration_revision", told.configuration_revision);
    set_both(report, "nixpkgs_revision", told.nixpkgs_revision);
    const auto found = told.configuration_revision.empty() ? told.version : told.configuration_revision;
    for (const auto* one : {&told.configuration_revision, &told.nixpkgs_revision, &told.version})
        if (*one == wanted) return report.findings.push_back(fine(condition, wanted, *one));
    report.findings.push_back(
        drifted(condition, Severity::medium, wanted, agent::quoted(found, 120),
                "revision " + agent::quoted(found, 120) + " runs, not " + agent::quoted(wanted, 120)));
}

void tell_system(const Result<NixosSystem>& system, const std::string& which, CheckReport& report) {
    if (system.has_error()) return;
    set_both(report, which + "_system", system.value().store_path.native());
}

}  // namespace

CheckReport judge_nixos(const PatchingBaseline& baseline, const NixosView& view, const Dues& dues, WallTime now) {
    auto report = report_on(baseline.common);
    set_both(report, "system", "nixos");
    tell_system(view.booted, "booted", report);
    tell_system(view.current, "current", report);
    if (view.current.has_value()) {
        set_both(report, "nixos_revision", view.current.value().revision);
        set_both(report, "derivation_digest", view.current.value().digest);
    }
    judge_generation(baseline, view, report);
    judge_age(baseline, view, now, report);
    judge_boot(baseline, view, dues, now, report);
    if (baseline.revision) judge_revision(baseline, view, report);
    report.findings.push_back(out_of_place("security_upgrades", "none pending", "no dpkg",
                                           "no dpkg here: NixOS is patched as a whole, by generations"));
    report.findings.push_back(
        out_of_place("old_libraries", "restarted", "no dpkg",
                     "no file of the Nix store is ever replaced, and services are restarted with a new generation"));
    conclude(report, baseline.common);
    return report;
}

}  // namespace agent
