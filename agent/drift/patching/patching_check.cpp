#include "drift/patching/patching_check.hpp"

#include <sstream>
#include <utility>

#include "base/text.hpp"
#include "drift/patching/file_stamps.hpp"
#include "drift/patching/patching_report.hpp"
#include "drift/report.hpp"
#include "host/machine.hpp"

namespace agent {
namespace {

// Less than a check has by default, so that it is apt-get which is named where it hangs.
constexpr std::size_t version_most = 64UL * 1024UL;

enum class System : std::uint8_t { debian, nixos, other };

System system_of(const PatchingHost& host) {
    // Without an os-release, apt's own presence says it.
    if (!host.system_id) return std::filesystem::exists(host.apt.apt_get) ? System::debian : System::other;
    if (*host.system_id == "nixos") return System::nixos;
    std::istringstream names{*host.system_id + " " + host.system_like};
    for (std::string name; names >> name;)
        if (name == "debian") return System::debian;
    return System::other;
}

CheckReport report_on_system(const CheckSettings& settings, const std::optional<std::string>& id) {
    auto report = report_on(settings);
    report.state = Value::object({{"system", id.value_or("unknown")}});
    report.facts = report.state;
    // Patching applies to every system; not knowing how to look is no pass.
    const Error unsupported{Errc::refused, "this system (" + id.value_or("unknown") +
                                               ") does not use apt, and no other package manager is known"};
    report.findings.push_back(
        undetermined("system", settings.severity, "a system whose upgrades can be looked at", unsupported));
    conclude(report, settings);
    return report;
}

Result<std::vector<InstalledKernel>> kernels_in(const Result<DpkgView>& dpkg) {
    if (dpkg.has_error()) return dpkg.error();
    return dpkg.value().kernels;
}

// A change of packages rewrites dpkg's status; where that cannot be told, every process is looked at each time.
std::string stamp_of_packages(const PatchingHost& host) {
    auto stamp = stamps_of({host.apt.dpkg_status});
    return stamp.has_value() ? std::move(stamp).value() : std::string{};
}

DuesSeen all_dues_of(const PatchingView& view, WallTime booted) {
    auto seen = dues_of(view.reboot, booted);
    if (view.old.has_value()) seen.merge(dues_of(view.old.value()));
    return seen;
}

Task<NixosVersion> ask_version(CheckTools& tools, std::filesystem::path program) {
    Command command;
    command.program = std::move(program);
    command.arguments.emplace_back("--json");
    command.deadline = tools.patience();
    command.head_limit = version_most;
    auto ran = co_await tools.processes.run(std::move(command));
    AGENT_CO_TRY(const auto exit, std::move(ran));
    if (exit.status != 0)
        co_return Error{Errc::system, "nixos-version ended with status " + std::to_string(exit.status) + ": " +
                                          agent::quoted(exit.standard_error.head, 120)};
    co_return parse_nixos_version(exit.standard_output.head);
}

}  // namespace

PatchingHost PatchingHost::of_this_machine() {
    PatchingHost host;
    host.system_id = os_release("ID");
    host.system_like = os_release("ID_LIKE").value_or("");
    return host;
}

Task<CheckReport> PatchingCheck::look(CheckTools& tools, std::string& notes) const {
    const auto system = system_of(host_);
    if (system == System::debian) {
        auto report = co_await look_at_debian(tools, notes);
        co_return report;
    }
    if (system == System::nixos) {
        auto report = co_await look_at_nixos_host(tools, notes);
        co_return report;
    }
    co_return report_on_system(baseline_.common, host_.system_id);
}

Task<CheckReport> PatchingCheck::look_at_debian(CheckTools& tools, std::string& notes) const {
    auto kept = read_patching_notes(notes);
    const auto now = tools.time.wall_now();
    const auto booted = now - tools.time.since_boot();
    auto known = std::move(kept.processes);
    auto stamp = stamp_of_packages(host_);
    auto old = co_await look_for_old_libraries(host_.proc, std::move(known), std::move(stamp), now, booted);
    if (old.has_error() && old.error().code() == Errc::cancelled) co_return std::move(old).error();
    auto asked = co_await ask_apt(tools, host_.apt, kept.apt);
    AGENT_CO_TRY(auto apt, std::move(asked));
    auto reboot = look_at_reboot(host_.reboot, kernels_in(apt.dpkg));
    const PatchingView view{look_at_lists(host_.apt.lists), std::move(apt), std::move(reboot), std::move(old)};
    if (view.apt.simulation.has_value())
        kept.sightings = look_again(kept.sightings, view.apt.simulation.value().security, now);
    kept.dues = look_again(kept.dues, all_dues_of(view, booted), now);
    kept.processes.reset();
    if (view.old.has_value()) kept.processes = view.old.value().whole;
    notes = write_patching_notes(kept);
    co_return judge_patching(baseline_, view, kept.sightings, kept.dues, now);
}

Task<CheckReport> PatchingCheck::look_at_nixos_host(CheckTools& tools, std::string& notes) const {
    auto kept = read_patching_notes(notes);
    const auto now = tools.time.wall_now();
    auto view = look_at_nixos(host_.nixos);
    if (baseline_.revision) {
        auto told = co_await ask_version(tools, host_.nixos_version);
        if (told.has_error() && told.error().code() == Errc::cancelled) co_return std::move(told).error();
        view.version = std::move(told);
    }
    kept.dues = look_again(kept.dues, dues_of(view, now - tools.time.since_boot()), now);
    notes = write_patching_notes(kept);
    co_return judge_nixos(baseline_, view, kept.dues, now);
}

std::string PatchingCheck::explain() const {
    return "On Debian and its derivatives it asks apt, without its lock and without changing anything, which security "
           "upgrades are pending (origin label Debian-Security, or a suite ending in -security), and counts since "
           "when: over " +
           describe_duration(baseline_.pending_medium) + " is medium, over " +
           describe_duration(baseline_.pending_high) + " high, over " + describe_duration(baseline_.pending_critical) +
           " critical. Packages on hold count as well. The list of the security archive must be younger than " +
           describe_duration(baseline_.lists_age_most) +
           "; a reboot that is asked for, or that a newer kernel waits "
           "for, must come within " +
           describe_duration(baseline_.reboot_within) +
           "; services that run replaced libraries must be restarted within " +
           describe_duration(baseline_.restart_within) +
           ". On NixOS it compares the generation that runs with the newest and with what was booted: older than " +
           describe_duration(baseline_.generation_medium) + " is medium, than " +
           describe_duration(baseline_.generation_high) +
           " high. Known holes that stay open are what attackers use first: 45 CFR 164.308(a)(5)(ii)(B) wants "
           "protection from malicious software, NIST 800-53 SI-2 timely flaw remediation.";
}

}  // namespace agent
