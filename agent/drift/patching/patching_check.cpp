#include "drift/patching/patching_check.hpp"

#include <sstream>
#include <utility>

#include "base/text.hpp"
#include "drift/patching/patching_report.hpp"
#include "drift/report.hpp"
#include "host/machine.hpp"

namespace agent {
namespace {

// 4 MiB are some 30,000 upgrades; what prints more is not apt.
constexpr std::size_t output_most = 4UL * 1024UL * 1024UL;
constexpr Duration apt_limit{std::chrono::minutes{2}};

enum class System : std::uint8_t { debian, nixos, other };

System system_of(const AptHost& host) {
    // Without an os-release, apt's own presence says it.
    if (!host.system_id) return std::filesystem::exists(host.apt_get) ? System::debian : System::other;
    if (*host.system_id == "nixos") return System::nixos;
    std::istringstream names{*host.system_id + " " + host.system_like};
    for (std::string name; names >> name;)
        if (name == "debian") return System::debian;
    return System::other;
}

Command simulate_upgrade(const AptHost& host, Duration limit) {
    Command command;
    command.program = host.apt_get;
    // dist-upgrade and not upgrade: a fix that needs another package removed is pending too, and nothing is carried
    // out. Holds and phases are ignored, since what they keep back is still missing. No lock, and no cache written:
    // apt-get run by root would otherwise renew /var/cache/apt.
    command.arguments = {"--simulate",  "--ignore-hold",
                         "-o",          "Debug::NoLocking=true",
                         "-o",          "Dir::Cache::pkgcache=",
                         "-o",          "Dir::Cache::srcpkgcache=",
                         "-o",          "APT::Get::Always-Include-Phased-Updates=true",
                         "dist-upgrade"};
    command.deadline = limit;
    command.head_limit = output_most;
    return command;
}

std::string first_line(const CapturedOutput& output) {
    return agent::quoted(output.head.substr(0, output.head.find('\n')));
}

Result<AptSimulation> understand(const CommandExit& exit) {
    if (exit.status != 0)
        return Error{Errc::system, "apt-get ended with status " + std::to_string(exit.status) + ": " +
                                       first_line(exit.standard_error)};
    const auto& output = exit.standard_output;
    if (!output.complete() || !output.tail.empty())
        return Error{Errc::malformed, "apt-get printed more than " + std::to_string(output_most) + " bytes"};
    return parse_apt_simulation(output.head);
}

CheckReport report_on_system(const CheckSettings& settings, const std::optional<std::string>& id, System system) {
    auto report = report_on(settings);
    report.state = Value::object({{"system", id.value_or("unknown")}});
    report.facts = report.state;
    // Patching applies to every system; not knowing how to look is no pass.
    const Error unsupported{Errc::refused, system == System::nixos
                                               ? "NixOS generations are not looked at yet"
                                               : "this system (" + id.value_or("unknown") +
                                                     ") does not use apt, and no other package manager is known"};
    auto finding = undetermined("system", settings.severity, "a system whose upgrades can be looked at", unsupported);
    report.findings.push_back(std::move(finding));
    conclude(report, settings);
    return report;
}

}  // namespace

AptHost AptHost::of_this_machine() {
    AptHost host;
    host.system_id = os_release("ID");
    host.system_like = os_release("ID_LIKE").value_or("");
    return host;
}

Task<CheckReport> PatchingCheck::look(CheckTools& tools, std::string& notes) const {
    const auto system = system_of(host_);
    if (system != System::debian) co_return report_on_system(baseline_.common, host_.system_id, system);
    auto command = simulate_upgrade(host_, baseline_.common.timeout.value_or(apt_limit));
    auto exit = co_await tools.processes.run(std::move(command));
    if (exit.has_error() && exit.error().code() == Errc::cancelled) co_return std::move(exit).error();
    const auto now = tools.time.wall_now();
    auto simulation = exit.has_error() ? Result<AptSimulation>{std::move(exit).error()} : understand(exit.value());
    const PatchingView view{look_at_lists(host_.lists), std::move(simulation), packages_on_hold(host_.dpkg_status)};
    Sightings sightings;
    if (view.simulation.has_value()) {
        sightings = look_again(read_sightings(notes), view.simulation.value().security, now);
        notes = write_sightings(sightings);
    }
    co_return judge_patching(baseline_, view, sightings, now);
}

std::string PatchingCheck::explain() const {
    return "Asks apt, without its lock and without changing anything, which security upgrades are pending (origin "
           "label "
           "Debian-Security, or a suite ending in -security), and counts since when: over " +
           describe_duration(baseline_.pending_medium) + " is medium, over " +
           describe_duration(baseline_.pending_high) + " high, over " + describe_duration(baseline_.pending_critical) +
           " critical. Packages on hold count as well. The list of the security archive must be younger than " +
           describe_duration(baseline_.lists_age_most) +
           ". Known holes that stay open are what attackers use first: 45 CFR 164.308(a)(5)(ii)(B) wants protection "
           "from "
           "malicious software, NIST 800-53 SI-2 timely flaw remediation.";
}

}  // namespace agent
