#include "drift/custom/package_check.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "drift/catalogue.hpp"
#include "drift/custom/debian_version.hpp"
#include "drift/report.hpp"
#include "host/machine.hpp"

namespace agent {
namespace {

constexpr std::size_t status_most = 64UL * 1024UL * 1024UL;

// Debian Policy 5.6.1; with ":arch" after it, one architecture of several.
bool is_package_name(std::string_view name) {
    const auto is_lower = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    const auto is_allowed = [&](char c) { return is_lower(c) || c == '+' || c == '-' || c == '.'; };
    const auto package = name.substr(0, name.find(':'));
    const auto rest = name.substr(package.size());
    if (package.size() < 2 || !is_lower(package.front()) || !std::ranges::all_of(package, is_allowed)) return false;
    return rest.empty() || (rest.size() > 1 && std::ranges::all_of(rest.substr(1), is_allowed));
}

std::optional<std::string> read_version(MapReader& keys, std::string_view key) {
    auto version = keys.text(key);
    if (!version) return version;
    if (const auto sound = check_debian_version(*version); sound.has_error()) keys.fault(key, sound.error().message());
    return version;
}

std::string shown(const InstalledPackage& package) {
    auto text = package.state;
    if (!package.version.empty()) text += " " + package.version;
    if (!package.architecture.empty()) text += " (" + package.architecture + ")";
    return text;
}

std::string shown(const std::vector<InstalledPackage>& found) {
    std::string text;
    for (const auto& package : found) text += (text.empty() ? "" : ", ") + shown(package);
    return text.empty() ? "not installed" : text;
}

bool is_there(const std::vector<InstalledPackage>& found) {
    return std::ranges::any_of(found, [](const auto& package) { return !package.is_absent(); });
}

// Half of an installation is none.
bool is_sound(const std::vector<InstalledPackage>& found) {
    return is_there(found) && std::ranges::all_of(found, [](const auto& package) {
               return package.is_installed() || package.is_absent();
           });
}

void judge_presence(const PackageBaseline& baseline, const std::vector<InstalledPackage>& found, CheckReport& report) {
    const std::string expected = baseline.present ? "installed" : "not installed";
    const auto seen = shown(found);
    const bool as_expected = baseline.present ? is_sound(found) : !is_there(found);
    if (as_expected) return report.findings.push_back(fine("presence", expected, seen));
    report.findings.push_back(drifted("presence", baseline.common.severity, expected, seen,
                                      "package " + baseline.package + " is " + seen + ", and should be " + expected));
}

void judge_version(const PackageBaseline& baseline, const InstalledPackage& package, CheckReport& report) {
    const auto compare = [&](const std::string& condition, const std::string& expected, bool as_expected) {
        if (as_expected) return report.findings.push_back(fine(condition, expected, package.version));
        report.findings.push_back(
            drifted(condition, baseline.common.severity, expected, package.version,
                    "package " + baseline.package + " is of version " + package.version + ", not " + expected));
    };
    const auto order = [&](const std::string& other) { return compare_debian_versions(package.version, other); };
    if (baseline.version) compare("version", *baseline.version, order(*baseline.version) == 0);
    if (baseline.version_at_least)
        compare("version_at_least", *baseline.version_at_least + " or newer", order(*baseline.version_at_least) >= 0);
}

// The status file could not be read.
Finding judge_no_status(const PackageBaseline& baseline, const PackageHost& host, const Error& error) {
    const std::string expected = baseline.present ? "installed" : "not installed";
    if (error.code() != Errc::not_found) return undetermined("presence", baseline.common.severity, expected, error);
    if (host.system_id == "nixos") {
        auto finding = fine("presence", expected, "no dpkg");
        finding.result = CheckResult::not_applicable;
        finding.reason = "this host runs NixOS, which has no Debian packages";
        return finding;
    }
    const Error no_dpkg{Errc::refused, error.message() + "; this system (" + host.system_id.value_or("unknown") +
                                           ") has no dpkg, and no other package manager is known"};
    return undetermined("presence", baseline.common.severity, expected, no_dpkg);
}

void learn_package(const PackageBaseline& baseline, const std::vector<InstalledPackage>& found, Learnt& learnt) {
    learnt.say("present", is_there(found));
    if (!is_there(found)) {
        learnt.settled = {"version", "version_at_least"};
        return;
    }
    if (!is_sound(found))
        learnt.remarks.push_back("it is only half installed (" + shown(found) + "): a drift until it is whole");
    std::vector<std::string> versions;
    for (const auto& package : found)
        if (!package.is_absent()) versions.push_back(package.version);
    const auto older = [](const auto& a, const auto& b) { return compare_debian_versions(a, b) < 0; };
    const auto [oldest, newest] = std::minmax_element(versions.begin(), versions.end(), older);
    if (baseline.version) learnt.say("version", *newest);
    if (baseline.version && older(*oldest, *newest))
        learnt.remarks.push_back("of several architectures, of different versions (" + shown(found) +
                                 "): name one, as in name:arch");
    if (baseline.version_at_least) learnt.say("version_at_least", *oldest);
}

}  // namespace

PackageHost PackageHost::of_this_machine() {
    PackageHost host;
    host.system_id = os_release("ID");
    return host;
}

std::shared_ptr<const Check> read_package_check(MapReader& keys, CheckName name) {
    CheckSettings defaults;
    defaults.name = std::move(name);
    defaults.controls = {{"164.308(a)(1)(ii)(D)"}, {"CM-6", "CM-7"}};
    PackageBaseline package;
    package.common = read_settings(keys, std::move(defaults));
    const auto text = keys.text("package");
    keys.require("package", "it names the Debian package that is looked at");
    if (text) package.package = *text;
    if (text && !is_package_name(*text))
        keys.fault("package", "not the name of a Debian package: " + agent::quoted(*text, 80));
    package.present = keys.boolean("present").value_or(true);
    package.version = read_version(keys, "version");
    package.version_at_least = read_version(keys, "version_at_least");
    if (!package.present && (package.version || package.version_at_least))
        keys.fault("present", "a package that must not be there has no version");
    return std::make_shared<PackageCheck>(std::move(package), PackageHost::of_this_machine());
}

CheckReport judge_package(const PackageBaseline& baseline, const std::vector<InstalledPackage>& found) {
    auto report = report_on(baseline.common);
    Value::Array packages;
    for (const auto& package : found)
        packages.push_back(Value::object(
            {{"architecture", package.architecture}, {"version", package.version}, {"state", package.state}}));
    report.state = Value::object({{"package", baseline.package}, {"found", std::move(packages)}});
    report.facts = report.state;
    judge_presence(baseline, found, report);
    // Of several architectures each is judged by itself.
    for (const auto& package : found)
        if (!package.is_absent()) judge_version(baseline, package, report);
    conclude(report, baseline.common);
    return report;
}

Task<CheckReport> PackageCheck::look(CheckTools& tools, std::string&) const {
    const auto& status = tools.facts.file(host_.dpkg_status, status_most);
    if (status.has_value()) co_return judge_package(baseline_, find_package(status.value(), baseline_.package));
    auto report = report_on(baseline_.common);
    report.state = Value::object({{"package", baseline_.package}, {"system", host_.system_id.value_or("unknown")}});
    report.facts = report.state;
    report.findings.push_back(judge_no_status(baseline_, host_, status.error()));
    conclude(report, baseline_.common);
    co_return report;
}

std::string PackageCheck::explain() const {
    std::string text = "Looks in dpkg's status file for package " + baseline_.package + ", which must ";
    text += baseline_.present ? "be installed" : "not be installed";
    if (baseline_.version) text += ", as version " + *baseline_.version;
    if (baseline_.version_at_least) text += ", as version " + *baseline_.version_at_least + " or newer";
    return text +
           ". What is missing protects nothing, and what nobody wants is one more way in: NIST 800-53 CM-6 and CM-7, "
           "and the review of activity that 45 CFR 164.308(a)(1)(ii)(D) wants.";
}

Task<Learnt> PackageCheck::learn(CheckTools& tools) const {
    Learnt learnt;
    const auto& status = tools.facts.file(host_.dpkg_status, status_most);
    if (status.has_value()) {
        learnt.from = host_.dpkg_status.native();
        learn_package(baseline_, find_package(status.value(), baseline_.package), learnt);
        co_return learnt;
    }
    const auto finding = judge_no_status(baseline_, host_, status.error());
    auto& told = finding.result == CheckResult::not_applicable ? learnt.remarks : learnt.unknown;
    told.push_back(finding.reason);
    co_return learnt;
}

}  // namespace agent
