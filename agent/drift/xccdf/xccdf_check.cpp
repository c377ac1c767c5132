#include "drift/xccdf/xccdf_check.hpp"

#include <algorithm>
#include <string_view>

#include "base/text.hpp"
#include "drift/catalogue.hpp"

namespace agent {
namespace {

constexpr Duration usual_limit{
    600'000};  // a profile of some hundred rules takes minutes where many files are looked at
constexpr std::size_t rules_most = 1000;

// As an argument of oscap: nothing that could be taken for an option or be unreadable in a table.
bool is_id(std::string_view text) {
    const auto is_graphic = [](char c) { return c > ' ' && c < '\x7f'; };
    return !text.empty() && text.size() <= 256 && !text.starts_with('-') && std::ranges::all_of(text, is_graphic);
}

std::vector<std::string> read_ids(MapReader& keys, std::string_view key) {
    auto ids = keys.texts(key);
    if (!ids) return {};
    if (ids->empty()) keys.fault(key, "must name a rule at least");
    if (ids->size() > rules_most) keys.fault(key, "at most 1000 rules");
    for (const auto& id : *ids)
        if (!is_id(id)) keys.fault(key, "not the id of a rule: " + agent::quoted(id, 80));
    return std::move(*ids);
}

}  // namespace

std::shared_ptr<const Check> read_xccdf_check(MapReader& keys, CheckName name) {
    XccdfBaseline xccdf;
    xccdf.common.name = std::move(name);
    xccdf.common.controls = {{"164.308(a)(8)"}, {"CA-7", "CM-6"}};
    xccdf.common.timeout = usual_limit;
    xccdf.common = read_settings(keys, std::move(xccdf.common));
    xccdf.datastream = keys.path("datastream").value_or(std::filesystem::path{});
    keys.require("datastream", "it is the file of SCAP content, as in /usr/share/xml/scap/ssg/content/…-ds.xml");
    xccdf.profile = keys.text("profile").value_or("");
    keys.require("profile", "`oscap info FILE` lists those of a file");
    if (!xccdf.profile.empty() && !is_id(xccdf.profile))
        keys.fault("profile", "not the id of a profile: " + agent::quoted(xccdf.profile, 80));
    xccdf.tailoring_file = keys.path("tailoring_file");
    xccdf.rules = read_ids(keys, "rules");
    xccdf.skip_rules = read_ids(keys, "skip_rules");
    for (const auto& id : xccdf.skip_rules)
        if (std::ranges::find(xccdf.rules, id) != xccdf.rules.end())
            keys.fault("skip_rules", "is among `rules` as well: " + agent::quoted(id, 80));
    return std::make_shared<XccdfCheck>(std::move(xccdf));
}

Task<CheckReport> XccdfCheck::look(CheckTools& tools, std::string&) const {
    OscapTask task;
    task.datastream = baseline_.datastream;
    task.profile = baseline_.profile;
    task.tailoring_file = baseline_.tailoring_file;
    task.rules = baseline_.rules;
    task.skip_rules = baseline_.skip_rules;
    task.deadline = tools.patience();
    auto run = co_await run_oscap(host_, task, tools.processes);
    if (run.has_error() && run.error().code() == Errc::cancelled) co_return std::move(run).error();
    co_return judge_xccdf(baseline_, run);
}

std::string XccdfCheck::explain() const {
    std::string text = "Has oscap judge the SCAP profile " + baseline_.profile + " of " + baseline_.datastream.native();
    if (baseline_.tailoring_file) text += ", tailored by " + baseline_.tailoring_file->native();
    if (!baseline_.rules.empty()) text += ", " + std::to_string(baseline_.rules.size()) + " of its rules alone";
    if (!baseline_.skip_rules.empty()) text += ", " + std::to_string(baseline_.skip_rules.size()) + " rules left out";
    return text +
           ". Each rule is a condition of its own, as severe as its author says. A rule that oscap could not evaluate "
           "or did not check is an error, never a pass; nothing is fetched from the network, nothing is repaired. "
           "Periodic evaluation against published rules is what 45 CFR 164.308(a)(8) wants; NIST 800-53 CM-6 wants "
           "secure settings, CA-7 that they are watched.";
}

}  // namespace agent
