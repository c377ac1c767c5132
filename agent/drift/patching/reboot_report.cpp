#include <algorithm>

#include "drift/patching/patching_report.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

std::string listed(const std::vector<std::string>& names, std::size_t most) {
    std::string text;
    for (std::size_t i = 0; i < std::min(most, names.size()); ++i) text += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
    return text;
}

std::string shown(const InstalledKernel& kernel) {
    return kernel.version.empty() ? kernel.release : kernel.release + " (" + kernel.version + ")";
}

// Fine, or a drift once it is due for longer than allowed. `what` ends in a verb: "a newer kernel waits".
void judge_due(const PatchingBaseline& baseline, std::string condition, const std::string& what, WallTime since,
               WallTime now, CheckReport& report) {
    const auto expected = "rebooted within " + describe_duration(baseline.reboot_within);
    const auto found = what + " for " + describe_duration(std::chrono::duration_cast<Duration>(now - since));
    const bool overdue = now - since > baseline.reboot_within;
    report.facts.set(condition + "_since", format_rfc3339(since));
    report.state.set(condition + "_overdue", overdue);
    if (!overdue) return report.findings.push_back(fine(std::move(condition), expected, found));
    report.findings.push_back(drifted(std::move(condition), Severity::medium, expected, found, found + ": reboot"));
}

WallTime since_of(const Dues& dues, std::string_view what, WallTime now) {
    const auto found = dues.find(what);
    return found == dues.end() ? now : found->second;
}

void judge_request(const PatchingBaseline& baseline, const Result<std::optional<RebootRequest>>& request,
                   const Dues& dues, WallTime now, CheckReport& report) {
    constexpr std::size_t named_most = 5;
    const std::string condition{request_due};
    if (request.has_error())
        return report.findings.push_back(
            undetermined(condition, Severity::medium, "rebooted where it is asked for", request.error()));
    report.state.set(condition, request.value().has_value());
    report.facts.set(condition, request.value().has_value());
    if (!request.value())
        return report.findings.push_back(fine(condition, "rebooted where it is asked for", "not asked for"));
    const auto& packages = request.value()->packages;
    report.state.set("reboot_packages", Value::strings(packages));
    report.facts.set("reboot_packages", Value::strings(packages));
    const auto by = packages.empty() ? std::string{} : " by " + listed(packages, named_most);
    judge_due(baseline, condition, "a reboot is asked for" + by, since_of(dues, request_due, now), now, report);
}

Value facts_of(const std::vector<KernelFound>& kernels) {
    Value::Array list;
    for (const auto& found : kernels)
        list.push_back(Value::object({{"release", found.kernel.release},
                                      {"version", found.kernel.version},
                                      {"since", found.since ? Value{format_rfc3339(*found.since)} : Value{}}}));
    return list;
}

void judge_kernel(const PatchingBaseline& baseline, const RebootView& view, const Dues& dues, WallTime now,
                  CheckReport& report) {
    const std::string condition{kernel_due};
    const std::string expected{"the newest installed one of its flavour runs"};
    if (view.running.has_error())
        return report.findings.push_back(undetermined(condition, Severity::medium, expected, view.running.error()));
    const auto& running = view.running.value();
    const auto state = Value::object({{"release", running.release}, {"version", running.version}});
    report.state.set("running_kernel", state);
    report.facts.set("running_kernel", state);
    if (view.newer.has_error() || view.of_flavour.has_error())
        return report.findings.push_back(
            undetermined(condition, Severity::medium, expected,
                         view.newer.has_error() ? view.newer.error() : view.of_flavour.error()));
    report.facts.set("installed_kernels", facts_of(view.of_flavour.value()));
    if (view.of_flavour.value().empty())
        return report.findings.push_back(
            out_of_place(condition, expected, running.release,
                         "no kernel of the running one's flavour is installed here: this host's kernel comes from "
                         "outside, as in a container"));
    const auto& newer = view.newer.value();
    if (newer.empty())
        return report.findings.push_back(fine(condition, expected, shown({running.release, {}, running.version})));
    const auto newest = shown(newer.front().kernel);
    report.state.set("newer_kernel", newest);
    report.facts.set("newer_kernel", newest);
    judge_due(baseline, condition, "kernel " + newest + ", newer than the running " + running.release + ", waits",
              since_of(dues, kernel_due, now), now, report);
}

}  // namespace

void judge_reboot(const PatchingBaseline& baseline, const RebootView& view, const Dues& dues, WallTime now,
                  CheckReport& report) {
    judge_request(baseline, view.request, dues, now, report);
    judge_kernel(baseline, view, dues, now, report);
}

}  // namespace agent
