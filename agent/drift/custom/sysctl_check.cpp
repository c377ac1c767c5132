#include "drift/custom/sysctl_check.hpp"

#include "base/text.hpp"
#include "drift/catalogue.hpp"
#include "drift/custom/sysctl_key.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

constexpr std::size_t value_most = 64UL * 1024UL;
constexpr std::size_t value_shown = 400;

std::string shown(const std::string& value) {
    return value.size() > value_shown ? agent::quoted(value, value_shown) : value;
}

}  // namespace

std::shared_ptr<const Check> read_sysctl_check(MapReader& keys, CheckName name) {
    SysctlBaseline sysctl;
    sysctl.common.name = std::move(name);
    sysctl.common.controls = {{"164.312(a)(1)"}, {"CM-6"}};
    sysctl.common = read_settings(keys, std::move(sysctl.common));
    sysctl.key = keys.text("key").value_or("");
    keys.require("key", "it names the setting, as in net.ipv4.ip_forward");
    if (!sysctl.key.empty() && !sysctl_file(sysctl.key))
        keys.fault("key", "not the name of a kernel setting: " + agent::quoted(sysctl.key, 80));
    sysctl.value = one_spaced(keys.text("value").value_or(""));
    keys.require("value", "it is what the setting must be");
    return std::make_shared<SysctlCheck>(std::move(sysctl));
}

Task<CheckReport> SysctlCheck::look(CheckTools& tools, std::string&) const {
    auto report = report_on(baseline_.common);
    report.state = Value::object({{"key", baseline_.key}});
    const auto severity = baseline_.common.severity;
    const auto& read = tools.facts.file(folder_ / sysctl_file(baseline_.key).value_or(""), value_most);
    if (read.has_value()) {
        const auto found = one_spaced(read.value());
        report.state.set("value", found);
        const auto finding = found == baseline_.value
                                 ? fine("value", baseline_.value, shown(found))
                                 : drifted("value", severity, baseline_.value, shown(found),
                                           baseline_.key + " is " + shown(found) + ", not " + baseline_.value);
        report.findings.push_back(finding);
    } else if (read.error().code() == Errc::not_found) {
        report.state.set("value", Value{});
        report.findings.push_back(
            drifted("value", severity, baseline_.value, "absent",
                    "this kernel has no setting " + baseline_.key + " (a module may have to be loaded first)"));
    } else {
        report.findings.push_back(undetermined("value", severity, baseline_.value, read.error()));
    }
    report.facts = report.state;
    conclude(report, baseline_.common);
    co_return report;
}

std::string SysctlCheck::explain() const {
    return "Looks at the running kernel's setting " + baseline_.key + ", which must be " + baseline_.value +
           ". What was written into a file for the next boot says nothing about now, so the kernel itself is asked.";
}

Task<Learnt> SysctlCheck::learn(CheckTools& tools) const {
    Learnt learnt;
    learnt.from = folder_ / sysctl_file(baseline_.key).value_or("");
    const auto& read = tools.facts.file(learnt.from, value_most);
    if (read.has_error()) {
        auto& told = read.error().code() == Errc::not_found ? learnt.remarks : learnt.unknown;
        told.push_back(read.error().message() + "; what is expected stays as it is");
        co_return learnt;
    }
    const auto value = one_spaced(read.value());
    if (value.empty())
        learnt.remarks.emplace_back("it is empty, which no baseline can expect");
    else
        learnt.say("value", value);
    co_return learnt;
}

}  // namespace agent
