#include "drift/custom/mount_check.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "drift/catalogue.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

constexpr std::size_t table_most = 4UL * 1024UL * 1024UL;

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ",") + word;
    return text.empty() ? "none" : text;
}

void judge_options(const MountBaseline& baseline, const Mount& mount, CheckReport& report) {
    const auto severity = baseline.common.severity;
    std::vector<std::string> missing;
    std::vector<std::string> unwanted;
    for (const auto& option : baseline.options)
        if (!mount.options.contains(option)) missing.push_back(option);
    for (const auto& option : baseline.forbidden)
        if (mount.options.contains(option)) unwanted.push_back(option);
    const auto found = joined({mount.options.begin(), mount.options.end()});
    if (!baseline.options.empty()) {
        const auto expected = joined(baseline.options);
        report.findings.push_back(missing.empty() ? fine("options", expected, found)
                                                  : drifted("options", severity, expected, found,
                                                            baseline.path + " is mounted without " + joined(missing)));
    }
    if (!baseline.forbidden.empty()) {
        const auto expected = "without " + joined(baseline.forbidden);
        report.findings.push_back(unwanted.empty() ? fine("forbidden_options", expected, found)
                                                   : drifted("forbidden_options", severity, expected, found,
                                                             baseline.path + " is mounted with " + joined(unwanted)));
    }
}

void learn_mount(const MountBaseline& baseline, const Mount* mount, Learnt& learnt) {
    learnt.say("present", mount != nullptr);
    if (mount == nullptr) {
        learnt.settled = {"fstype", "options", "forbidden_options"};
        return;
    }
    learnt.say("fstype", mount->type);
    const auto keep = [&](std::string_view key, const std::vector<std::string>& options, bool in_force) {
        std::vector<std::string> kept;
        for (const auto& option : options)
            if (mount->options.contains(option) == in_force) kept.push_back(option);
        if (!options.empty()) learnt.say(key, kept);
    };
    keep("options", baseline.options, true);
    keep("forbidden_options", baseline.forbidden, false);
    learnt.remarks.push_back("in force are " + joined({mount->options.begin(), mount->options.end()}));
}

}  // namespace

CheckReport judge_mount(const MountBaseline& baseline, const Result<std::vector<Mount>>& mounts) {
    auto report = report_on(baseline.common);
    const auto severity = baseline.common.severity;
    const std::string expected = baseline.present ? "mounted" : "not mounted";
    report.state = Value::object({{"path", baseline.path}});
    if (mounts.has_error()) {
        report.findings.push_back(undetermined("presence", severity, expected, mounts.error()));
    } else {
        const auto* there = mount_at(mounts.value(), baseline.path);
        const std::string found = there != nullptr ? "mounted" : "not mounted";
        report.state.set("mounted", (there != nullptr));
        report.findings.push_back((there != nullptr) == baseline.present
                                      ? fine("presence", expected, found)
                                      : drifted("presence", severity, expected, found, baseline.path + " is " + found));
        if (there != nullptr) {
            report.state.set("fstype", there->type);
            report.state.set("source", there->source);
            report.state.set("options", Value::strings({there->options.begin(), there->options.end()}));
        }
        if (there != nullptr && baseline.present) {
            if (baseline.fstype)
                report.findings.push_back(
                    there->type == *baseline.fstype
                        ? fine("fstype", *baseline.fstype, there->type)
                        : drifted("fstype", severity, *baseline.fstype, there->type,
                                  baseline.path + " is of type " + there->type + ", not " + *baseline.fstype));
            judge_options(baseline, *there, report);
        }
    }
    report.facts = report.state;
    conclude(report, baseline.common);
    return report;
}

std::shared_ptr<const Check> read_mount_check(MapReader& keys, CheckName name) {
    MountBaseline mount;
    mount.common.name = std::move(name);
    mount.common.controls = {{"164.312(a)(1)"}, {"CM-6"}};
    mount.common = read_settings(keys, std::move(mount.common));
    const auto path = keys.text("path");
    keys.require("path", "it names the place that is looked at");
    if (path && !path->starts_with('/')) keys.fault("path", "must be absolute: " + agent::quoted(*path));
    if (path) mount.path = std::filesystem::path{*path}.lexically_normal().native();
    if (mount.path.size() > 1 && mount.path.ends_with('/')) mount.path.pop_back();
    mount.present = keys.boolean("present").value_or(true);
    mount.fstype = keys.text("fstype");
    mount.options = keys.texts("options").value_or(std::vector<std::string>{});
    mount.forbidden = keys.texts("forbidden_options").value_or(std::vector<std::string>{});
    if (!mount.present && (mount.fstype || !mount.options.empty() || !mount.forbidden.empty()))
        keys.fault("present", "what must not be mounted has no fstype, options or forbidden_options");
    return std::make_shared<MountCheck>(std::move(mount));
}

Task<CheckReport> MountCheck::look(CheckTools& tools, std::string&) const {
    for (const auto& table : tables_) {
        const auto& text = tools.facts.file(table, table_most);
        if (text.has_error()) continue;
        auto report = judge_mount(baseline_, parse_mountinfo(text.value()));
        report.facts.set("table", table.native());
        co_return report;
    }
    co_return judge_mount(baseline_, tools.facts.file(tables_.back(), table_most).error());
}

std::string MountCheck::explain() const {
    std::string text = "Looks whether something is mounted at " + baseline_.path;
    if (!baseline_.present) return text + ", where nothing may be.";
    if (baseline_.fstype) text += ", of type " + *baseline_.fstype;
    if (!baseline_.options.empty()) text += ", with " + joined(baseline_.options);
    if (!baseline_.forbidden.empty()) text += ", without " + joined(baseline_.forbidden);
    return text + ". The running kernel is asked, not /etc/fstab; of several mounts at one place the last counts.";
}

Task<Learnt> MountCheck::learn(CheckTools& tools) const {
    Learnt learnt;
    const auto table = std::find_if(tables_.begin(), tables_.end(),
                                    [&](const auto& file) { return tools.facts.file(file, table_most).has_value(); });
    if (table == tables_.end()) {
        learnt.unknown.push_back(tools.facts.file(tables_.back(), table_most).error().message());
        co_return learnt;
    }
    learnt.from = table->native();
    const auto mounts = parse_mountinfo(tools.facts.file(*table, table_most).value());
    if (mounts.has_error())
        learnt.unknown.push_back(mounts.error().message());
    else
        learn_mount(baseline_, mount_at(mounts.value(), baseline_.path), learnt);
    co_return learnt;
}

}  // namespace agent
