#include "drift/xccdf/xccdf_elements.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "base/text.hpp"

namespace agent {
namespace {

constexpr std::size_t depth_most = 64;
constexpr std::size_t read_rules_most = 10'000;
constexpr std::size_t platforms_most = 64;
constexpr std::size_t attribute_most = 256;
constexpr std::size_t text_most = 1024;

// In the order of XccdfOutcome.
constexpr std::array<std::string_view, 9> outcome_words{
    "notselected", "notapplicable", "informational", "pass", "fixed", "notchecked", "error", "unknown", "fail"};

std::optional<XccdfOutcome> parse_outcome(std::string_view word) {
    const auto found = std::ranges::find(outcome_words, word);
    if (found == outcome_words.end()) return std::nullopt;
    return static_cast<XccdfOutcome>(found - outcome_words.begin());
}

// An id becomes the name of a condition: what could not be told apart in a table is none.
bool is_plain(std::string_view id) {
    return !id.empty() && std::ranges::all_of(id, [](char c) { return c > ' ' && c < '\x7f'; });
}

// Runs of blanks as one, none at either end.
std::string tidied(std::string_view text) {
    std::string tidy;
    for (const char c : text) {
        const bool is_blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        if (!is_blank) tidy += c;
        if (is_blank && !tidy.empty() && tidy.back() != ' ') tidy += ' ';
    }
    if (tidy.ends_with(' ')) tidy.pop_back();
    return tidy;
}

}  // namespace

std::string_view word_of(XccdfOutcome outcome) noexcept {
    const auto place = static_cast<std::size_t>(outcome);
    return place < outcome_words.size() ? outcome_words[place] : std::string_view{};
}

std::string_view short_rule_name(std::string_view id) noexcept {
    constexpr std::string_view start{"xccdf_"};
    constexpr std::string_view middle{"_rule_"};
    if (!id.starts_with(start)) return id;
    // IR 7275r4: the namespace is a domain name in reverse, which has no underscore.
    const auto after_namespace = id.find('_', start.size());
    if (after_namespace == std::string_view::npos) return id;
    const auto rest = id.substr(after_namespace);
    return rest.starts_with(middle) && rest.size() > middle.size() ? rest.substr(middle.size()) : id;
}

void XccdfElements::refuse(std::string why) {
    if (!fault_) fault_.emplace(Errc::malformed, std::move(why));
}

std::string XccdfElements::attribute(const XmlAttributes& attributes, std::string_view name) {
    const auto found = attributes.find(name);
    if (found == attributes.end()) return {};
    if (found->second.size() > attribute_most) refuse("attribute " + std::string{name} + " is too long");
    return std::string{found->second};
}

XccdfElements::Kind XccdfElements::kind_of(std::string_view name, Kind parent) const {
    if (name == "Benchmark" && open_.empty()) return Kind::benchmark;
    if (name == "TestResult" && (open_.empty() || parent == Kind::benchmark)) return Kind::run;
    if (name == "rule-result" && parent == Kind::run) return Kind::rule_result;
    if (name == "Rule" && runs_ == 0) return Kind::rule;
    return Kind::other;
}

void XccdfElements::start(std::string_view name, const XmlAttributes& attributes) {
    if (fault_) return;
    if (open_.size() >= depth_most) return refuse("elements are nested deeper than " + std::to_string(depth_most));
    const auto parent = open_.empty() ? Kind::other : open_.back();
    const auto kind = kind_of(name, parent);
    if (open_.empty() && kind == Kind::other)
        return refuse("the outermost element is no Benchmark and no TestResult of XCCDF");
    begin(kind, attributes);
    if (kind == Kind::other) look_into(parent, name, attributes);
    open_.push_back(kind);
}

void XccdfElements::begin(Kind kind, const XmlAttributes& attributes) {
    switch (kind) {
        case Kind::other: return;
        case Kind::benchmark: results_.benchmark = attribute(attributes, "id"); return;
        case Kind::rule:
            rule_id_ = attribute(attributes, "id");
            title_.clear();
            return;
        case Kind::run:
            // Which of them is the one that was asked for is not to be guessed: content that brings results of its own
            // is no content.
            if (++runs_ > 1) return refuse("there are results of more than one run");
            results_.scanner = attribute(attributes, "test-system");
            return;
        case Kind::rule_result:
            rule_result_ = RuleResult{};
            rule_result_.id = attribute(attributes, "idref");
            rule_result_.severity = attribute(attributes, "severity");
            outcome_.clear();
            return;
    }
}

void XccdfElements::look_into(Kind parent, std::string_view name, const XmlAttributes& attributes) {
    if (parent == Kind::benchmark && name == "version") collect(results_.version);
    if (parent == Kind::benchmark && name == "platform") {
        if (results_.platforms.size() >= platforms_most) return refuse("the benchmark is for too many platforms");
        results_.platforms.push_back(attribute(attributes, "idref"));
    }
    if (parent == Kind::rule && name == "title" && title_.empty()) collect(title_);
    // IR 7275r4: a platform of the benchmark that the target was found to be.
    if (parent == Kind::run && name == "platform") results_.is_for_this_host = true;
    if (parent == Kind::rule_result && name == "result") collect(outcome_);
    if (parent == Kind::rule_result && name == "message" && rule_result_.message.empty()) collect(rule_result_.message);
}

void XccdfElements::collect(std::string& target) {
    collected_ = &target;
    collected_depth_ = open_.size() + 1;
}

void XccdfElements::text(std::string_view text) {
    // A piece ends where a character does; so what is kept stays UTF-8.
    if (!fault_ && collected_ != nullptr && collected_->size() + text.size() <= text_most) *collected_ += text;
}

void XccdfElements::end() {
    if (fault_ || open_.empty()) return;
    if (collected_ != nullptr && open_.size() == collected_depth_) {
        *collected_ = tidied(*collected_);
        collected_ = nullptr;
    }
    const auto kind = open_.back();
    open_.pop_back();
    if (kind == Kind::rule) end_rule();
    if (kind == Kind::rule_result) end_rule_result();
}

void XccdfElements::end_rule() {
    if (titles_.size() >= read_rules_most)
        return refuse("there are more than " + std::to_string(read_rules_most) + " rules");
    titles_.emplace(rule_id_, title_);
}

void XccdfElements::end_rule_result() {
    auto& result = rule_result_;
    if (!is_plain(result.id)) return refuse("a result is of a rule whose id is none: " + agent::quoted(result.id, 80));
    const auto outcome = parse_outcome(outcome_);
    if (!outcome)
        return refuse("the result of " + result.id + " is none of XCCDF's words: " + agent::quoted(outcome_, 40));
    result.outcome = *outcome;
    const auto [known, is_new] = places_.emplace(result.id, results_.rules.size());
    if (is_new) {
        if (results_.rules.size() >= read_rules_most)
            return refuse("there are results of more than " + std::to_string(read_rules_most) + " rules");
        results_.rules.push_back(std::move(result));
        return;
    }
    auto& before = results_.rules[known->second];
    if (before.outcome < result.outcome) before = std::move(result);
}

Result<XccdfResults> XccdfElements::finish() {
    if (fault_) return *fault_;
    if (runs_ == 0) return Error{Errc::malformed, "there are no results of a run"};
    const auto is_out = [](const RuleResult& rule) { return rule.outcome == XccdfOutcome::notselected; };
    results_.not_selected = std::erase_if(results_.rules, is_out);
    for (auto& rule : results_.rules) {
        const auto title = titles_.find(rule.id);
        if (title != titles_.end()) rule.title = title->second;
    }
    return std::move(results_);
}

}  // namespace agent
