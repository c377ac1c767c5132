#include "drift/custom/file_check.hpp"

#include <array>
#include <cstdio>
#include <utility>

#include "base/text.hpp"
#include "drift/catalogue.hpp"
#include "drift/report.hpp"

namespace agent {
namespace {

constexpr std::size_t digest_digits = 64;
constexpr unsigned mode_most = 07777;

std::string octal(unsigned mode) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%04o", mode);
    return text.data();
}

std::string_view name_of(FileKind kind) {
    switch (kind) {
        case FileKind::regular: return "regular file";
        case FileKind::directory: return "directory";
        case FileKind::symbolic_link: return "symbolic link";
        case FileKind::other: return "device, socket or FIFO";
    }
    return "";
}

Value state_of(const FileBaseline& baseline, const std::optional<FileFacts>& facts) {
    Value state = Value::object({{"path", baseline.path.native()}, {"exists", facts.has_value()}});
    if (!facts) return state;
    state.set("kind", name_of(facts->kind));
    state.set("mode", octal(facts->mode));
    state.set("owner", facts->owner);
    state.set("group", facts->group);
    if (!facts->sha256.empty()) state.set("sha256", facts->sha256);
    return state;
}

class FileJudge {
public:
    FileJudge(const FileBaseline& baseline, CheckReport& report) : baseline_{baseline}, report_{report} {}

    // What `found` should have been, by its own condition.
    void compare(const std::string& condition, const std::string& expected, const std::string& found, bool same) {
        if (same) return report_.findings.push_back(fine(condition, expected, found));
        report_.findings.push_back(
            drifted(condition, baseline_.common.severity, expected, found,
                    baseline_.path.native() + ": " + condition + " is " + found + ", not " + expected));
    }
    void could_not_tell(const std::string& condition, const std::string& expected, const Error& error) {
        report_.findings.push_back(undetermined(condition, baseline_.common.severity, expected, error));
    }

private:
    const FileBaseline& baseline_;
    CheckReport& report_;
};

std::optional<unsigned> parse_mode(std::string_view text) {
    if (text.empty() || text.size() > 5) return std::nullopt;
    unsigned mode{};
    for (const char c : text) {
        if (c < '0' || c > '7') return std::nullopt;
        mode = mode * 8 + static_cast<unsigned>(c - '0');
    }
    if (mode > mode_most) return std::nullopt;
    return mode;
}

void read_expectations(MapReader& entry, FileBaseline& file) {
    const auto present = entry.boolean("present");
    file.present = present.value_or(true);
    file.sha256 = entry.text("sha256");
    const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (file.sha256 &&
        (file.sha256->size() != digest_digits || !std::all_of(file.sha256->begin(), file.sha256->end(), is_digit)))
        entry.fault("sha256", "must be 64 digits 0-9 a-f, as sha256sum prints them");
    if (const auto mode = entry.text("mode")) {
        file.mode = parse_mode(*mode);
        if (!file.mode) entry.fault("mode", "not octal permission bits, as in \"0644\": " + agent::quoted(*mode, 40));
    }
    file.owner = entry.text("owner");
    file.group = entry.text("group");
    const bool says_more = entry.node("sha256") != nullptr || entry.node("mode") != nullptr ||
                           entry.node("owner") != nullptr || entry.node("group") != nullptr;
    if (!file.present && says_more)
        entry.fault("present", "a file that must not exist has no sha256, mode, owner or group");
    if (entry.node("present") == nullptr && !says_more)
        entry.fault("path", "expects nothing; say at least one of present, sha256, mode, owner, group");
}

void learn_file(const FileBaseline& baseline, const std::optional<FileFacts>& facts, Learnt& learnt) {
    if (!facts) {
        learnt.say("present", false);
        learnt.settled = {"sha256", "mode", "owner", "group"};
        return;
    }
    if (facts->kind != FileKind::regular)
        return learnt.remarks.push_back("there is a " + std::string{name_of(facts->kind)} +
                                        " in its place; what is expected stays as it is");
    // An entry that says what of the file matters is renewed; one that says nothing yet gets everything.
    const bool all = !baseline.sha256 && !baseline.mode && !baseline.owner && !baseline.group;
    learnt.say("present", true);
    if ((all || baseline.sha256) && !facts->sha256.empty()) learnt.say("sha256", facts->sha256);
    if (all || baseline.mode) learnt.say("mode", octal(facts->mode));
    if (all || baseline.owner) learnt.say("owner", facts->owner);
    if (all || baseline.group) learnt.say("group", facts->group);
}

}  // namespace

std::shared_ptr<const Check> read_file_check(MapReader& entry, CheckName name) {
    CheckSettings defaults;
    defaults.name = std::move(name);
    defaults.controls = {{"164.312(c)(1)"}, {"CM-6", "SI-7"}};
    FileBaseline file;
    file.common = read_settings(entry, std::move(defaults));
    const auto path = entry.text("path");
    entry.require("path", "it names the file that is looked at");
    if (path && !path->starts_with('/')) entry.fault("path", "must be absolute: " + agent::quoted(*path));
    if (path) file.path = std::filesystem::path{*path}.lexically_normal();
    read_expectations(entry, file);
    return std::make_shared<FileCheck>(std::move(file));
}

CheckReport judge_file(const FileBaseline& baseline, const std::optional<FileFacts>& facts,
                       const std::optional<Error>& unreadable) {
    auto report = report_on(baseline.common);
    report.state = state_of(baseline, facts);
    report.facts = report.state;
    if (facts) report.facts.set("size", static_cast<std::int64_t>(facts->size));
    FileJudge judge{baseline, report};
    judge.compare("presence", baseline.present ? "present" : "absent", facts ? "present" : "absent",
                  facts.has_value() == baseline.present);
    if (facts && baseline.present) {
        const bool is_file = facts->kind == FileKind::regular;
        judge.compare("kind", "regular file", std::string{name_of(facts->kind)}, is_file);
        // Of a link or a folder in its place, mode and owner say nothing about the file.
        if (is_file && baseline.sha256) {
            if (unreadable) judge.could_not_tell("sha256", *baseline.sha256, *unreadable);
            if (!unreadable)
                judge.compare("sha256", *baseline.sha256, facts->sha256, facts->sha256 == *baseline.sha256);
        }
        if (is_file && baseline.mode)
            judge.compare("mode", octal(*baseline.mode), octal(facts->mode), facts->mode == *baseline.mode);
        if (is_file && baseline.owner)
            judge.compare("owner", *baseline.owner, facts->owner,
                          facts->owner == *baseline.owner || std::to_string(facts->uid) == *baseline.owner);
        if (is_file && baseline.group)
            judge.compare("group", *baseline.group, facts->group,
                          facts->group == *baseline.group || std::to_string(facts->gid) == *baseline.group);
    }
    conclude(report, baseline.common);
    return report;
}

Task<CheckReport> FileCheck::look(CheckTools&, std::string&) const {
    const auto content = baseline_.sha256 ? Content::hashed : Content::left_alone;
    auto facts = inspect_file(baseline_.path, content);
    std::optional<Error> unreadable;
    if (facts.has_error()) {
        unreadable = std::move(facts).error();
        // What needs no right to read is still known.
        facts = inspect_file(baseline_.path, Content::left_alone);
    }
    if (facts.has_value()) co_return judge_file(baseline_, facts.value(), unreadable);
    auto report = report_on(baseline_.common);
    report.state = Value::object({{"path", baseline_.path.native()}});
    report.facts = report.state;
    report.findings.push_back(
        undetermined("presence", baseline_.common.severity, baseline_.present ? "present" : "absent", facts.error()));
    conclude(report, baseline_.common);
    co_return report;
}

std::string FileCheck::explain() const {
    std::string text = "Looks at " + baseline_.path.native() + ", which must ";
    if (!baseline_.present) return text + "not exist.";
    text += "exist as a regular file";
    if (baseline_.sha256) text += ", with SHA-256 " + *baseline_.sha256;
    if (baseline_.mode) text += ", with mode " + octal(*baseline_.mode);
    if (baseline_.owner) text += ", owned by " + *baseline_.owner;
    if (baseline_.group) text += ", of group " + *baseline_.group;
    return text +
           ". A file that was changed behind the operator's back may weaken every other safeguard of the host. "
           "Links are not followed; what may not be read is an error, never a pass.";
}

Task<Learnt> FileCheck::learn(CheckTools&) const {
    Learnt learnt;
    learnt.from = baseline_.path.native();
    auto seen = inspect_file(baseline_.path, Content::hashed);
    if (seen.has_error()) {
        learnt.unknown.push_back(seen.error().message());
        seen = inspect_file(baseline_.path, Content::left_alone);
    }
    if (seen.has_value()) learn_file(baseline_, seen.value(), learnt);
    co_return learnt;
}

}  // namespace agent
