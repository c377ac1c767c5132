#include "drift/propose_baseline.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

#include "async/deadline.hpp"
#include "drift/catalogue.hpp"
#include "drift/run_checks.hpp"

namespace agent {
namespace {

constexpr std::size_t line_most = 110;
constexpr std::size_t former_most = 160;

// Comment lines at `indent`. What comes from the host cannot end a comment: there is no line end in it.
std::string comment(const std::string& indent, std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    std::istringstream words{text};
    std::string lines;
    std::string line = indent + '#';
    for (std::string word; words >> word;) {
        const bool is_full = line.size() + 1 + word.size() > line_most && line.size() > indent.size() + 1;
        if (is_full) lines += std::exchange(line, indent + '#') + '\n';
        line += ' ' + word;
    }
    return lines + line + '\n';
}

std::string indented(const std::string& lines, const std::string& indent) {
    std::istringstream all{lines};
    std::string text;
    for (std::string line; std::getline(all, line);) text += indent + line + '\n';
    return text;
}

bool says_the_same(const YamlNode& a, const YamlNode& b) {
    const auto same_item = [](const YamlNode& one, const YamlNode& other) { return says_the_same(one, other); };
    const auto same_member = [](const YamlNode::Member& one, const YamlNode::Member& other) {
        return one.name == other.name && says_the_same(one.value, other.value);
    };
    return a.kind == b.kind && a.text == b.text && std::ranges::equal(a.items, b.items, same_item) &&
           std::ranges::equal(a.members, b.members, same_member);
}

// What one check learnt, as keys that can be laid over those of its section.
class LearntKeys {
public:
    explicit LearntKeys(Learnt& learnt) : learnt_{learnt} {
        if (learnt.lines.empty()) return;
        auto yaml = parse_yaml(learnt.lines, "what was learnt");
        if (yaml.has_value()) {
            keys_ = std::move(yaml.value().root);
            return;
        }
        learnt.unknown.push_back("what was learnt cannot be written as YAML: " + yaml.error().text);
        learnt.lines.clear();
        learnt.settled.clear();
    }
    [[nodiscard]] bool replace(const std::string& key) const {
        return keys_.find(key) != nullptr ||
               std::find(learnt_.settled.begin(), learnt_.settled.end(), key) != learnt_.settled.end();
    }
    // What the file said, where that is no longer so.
    [[nodiscard]] std::string former(const YamlNode::Member& member) const {
        const auto* now = keys_.find(member.name);
        if (now != nullptr && says_the_same(*now, member.value)) return {};
        auto value = write_yaml(member.value);
        if (value.size() > former_most) value = "(too long to repeat here)";
        return "before: " + member.name + ": " + value;
    }

private:
    const Learnt& learnt_;
    YamlNode keys_;
};

struct Section {
    std::vector<std::string> comments;
    std::string lines;  // not indented
};

Section keep(const YamlNode& written, std::string remark) {
    Section section;
    section.comments.push_back(std::move(remark));
    for (const auto& member : written.members)
        section.lines += yaml_word(member.name) + ": " + write_yaml(member.value) + '\n';
    return section;
}

Section lay_over(const YamlNode& written, Learnt& learnt) {
    const LearntKeys keys{learnt};
    Section section;
    if (learnt.from.empty() && learnt.unknown.empty())
        section.comments.emplace_back("nothing to learn: what is expected here is decided, not found");
    if (!learnt.from.empty()) section.comments.push_back("learnt from " + learnt.from);
    for (const auto& reason : learnt.unknown) section.comments.push_back("NOT LEARNT: " + reason);
    section.comments.insert(section.comments.end(), learnt.remarks.begin(), learnt.remarks.end());
    for (const auto& member : written.members) {
        if (!keys.replace(member.name)) {
            section.lines += yaml_word(member.name) + ": " + write_yaml(member.value) + '\n';
        } else if (auto former = keys.former(member); !former.empty()) {
            section.comments.push_back(std::move(former));
        }
    }
    section.lines += learnt.lines;
    return section;
}

struct Learning {
    const Baseline& baseline;
    const std::vector<CheckName>& only;
    Duration default_limit;
    CheckTools tools;
    std::vector<std::string> unknown;
};

Task<Section> learn_section(Learning& learning, const YamlNode& written, const CheckName& name) {
    const auto& only = learning.only;
    const auto* check = learning.baseline.find(name);
    if (check == nullptr) co_return keep(written, "switched off; nothing is learnt");
    if (!only.empty() && std::find(only.begin(), only.end(), name) == only.end())
        co_return keep(written, "taken over as it was");
    const auto limit = check->settings().timeout.value_or(learning.default_limit);
    auto tools = learning.tools;
    tools.due = tools.time.mono_now() + limit;
    auto work = check->learn(tools);
    auto answer = co_await with_deadline(learning.tools.time, limit, std::move(work));
    if (answer.has_error() && answer.error().code() == Errc::cancelled) co_return std::move(answer).error();
    Learnt learnt;
    if (answer.has_value())
        learnt = std::move(answer).value();
    else
        learnt.unknown.push_back(answer.error().message());
    auto section = lay_over(written, learnt);
    for (const auto& reason : learnt.unknown) learning.unknown.push_back(name.str() + ": " + reason);
    co_return section;
}

std::string all_comments(const Section& section, const std::string& indent) {
    std::string text;
    for (const auto& remark : section.comments) text += comment(indent, remark);
    return text;
}

std::string write_built_in(std::string_view name, const Section& section) {
    const auto head = all_comments(section, "  ") + "  " + std::string{name} + ":";
    return head + (section.lines.empty() ? " {}\n" : '\n' + indented(section.lines, "    "));
}

// Its first key, which the file begins an entry with, is never one that is learnt.
std::string write_entry(const Section& section) {
    auto lines = indented(section.lines, "    ");
    lines.replace(0, 4, "  - ");
    return all_comments(section, "  ") + lines;
}

std::string header_of(const YamlFile& written) {
    const std::string nothing;
    auto text = comment(nothing,
                        "A proposal: this host as it is now. Review every line before you keep it. What is wrong here "
                        "today would count as right from then on.");
    if (written.bytes != built_in_text)
        text += comment(nothing, "Thresholds and waivers are those of " + written.path.native() +
                                     ", without its comments; \"before\" is what it said of what was learnt anew.");
    return text + "version: 1\n";
}

const YamlNode& member_of(const YamlNode* node, std::string_view name) {
    static const YamlNode nothing;
    const auto* found = node == nullptr ? nullptr : node->find(name);
    return found == nullptr ? nothing : *found;
}

std::string write_waivers(const YamlNode& waivers) {
    std::string text;
    for (const auto& waiver : waivers.items) text += "  - " + write_yaml(waiver) + '\n';
    return text.empty() ? text : "\nwaivers:\n" + text;
}

Task<std::string> write_checks(Learning& learning, const YamlNode& root) {
    std::string text{"\nchecks:\n"};
    for (const auto& kind : built_in_checks()) {
        const CheckName name{std::string{kind.name}};
        const auto& written = member_of(root.find("checks"), kind.name);
        AGENT_CO_TRY(const auto section, co_await learn_section(learning, written, name));
        text += write_built_in(kind.name, section);
    }
    const auto& custom = member_of(&root, "custom");
    if (!custom.items.empty()) text += "\ncustom:\n";
    for (const auto& written : custom.items) {
        const CheckName name{member_of(&written, "name").text};
        AGENT_CO_TRY(const auto section, co_await learn_section(learning, written, name));
        text += write_entry(section);
    }
    co_return text;
}

}  // namespace

Task<Proposal> propose_baseline(const YamlFile& written, const Baseline& baseline, std::vector<CheckName> only,
                                Duration default_limit, CheckTools tools) {
    AGENT_CO_TRY(known_checks(baseline, only));
    Learning learning{baseline, only, default_limit, tools, {}};
    AGENT_CO_TRY(const auto checks, co_await write_checks(learning, written.root));
    auto text = header_of(written) + checks + write_waivers(member_of(&written.root, "waivers"));
    const auto yaml = parse_yaml(text, written.path);
    if (yaml.has_error())
        co_return Error{Errc::malformed, "what was learnt makes no baseline: " + yaml.error().to_string()};
    const auto read = read_baseline(yaml.value());
    if (!read.baseline)
        co_return Error{Errc::malformed, "what was learnt makes no baseline: " + read.faults.front().to_string()};
    co_return Proposal{std::move(text), std::move(learning.unknown)};
}

}  // namespace agent
