#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "drift/report.hpp"
#include "drift/xccdf/xccdf_check.hpp"

namespace agent {
namespace {

// All findings twice are a bundle, and a bundle may have 1 MiB.
constexpr std::size_t findings_most = 1000;
constexpr std::size_t title_most = 120;
constexpr std::size_t shown_most = 120;

// Short names, and where two rules share one, their ids.
std::vector<std::string> conditions_of(const std::vector<RuleResult>& rules) {
    std::map<std::string_view, int> uses;
    for (const auto& rule : rules) ++uses[short_rule_name(rule.id)];
    std::vector<std::string> conditions;
    conditions.reserve(rules.size());
    for (const auto& rule : rules) {
        const auto name = short_rule_name(rule.id);
        conditions.emplace_back(uses[name] == 1 ? name : std::string_view{rule.id});
    }
    return conditions;
}

Severity severity_of(const RuleResult& rule, const CheckSettings& common) {
    if (rule.severity == "high") return Severity::high;
    if (rule.severity == "medium") return Severity::medium;
    if (rule.severity == "low" || rule.severity == "info") return Severity::low;
    return common.severity;
}

// IR 7275r4, result: what each word says of compliance.
Finding judge_rule(const std::string& condition, const RuleResult& rule, Severity severity) {
    const std::string expected{"pass"};
    const std::string found{word_of(rule.outcome)};
    const auto story = [&](const std::string& what) {
        auto text = condition + " " + what;
        if (!rule.title.empty()) text += ": " + agent::quoted(rule.title, title_most);
        if (!rule.message.empty()) text += "; oscap says " + agent::quoted(rule.message, shown_most);
        return text;
    };
    const auto unjudged = [&](const std::string& what) {
        auto finding = fine(condition, expected, found);
        finding.result = CheckResult::not_applicable;
        finding.reason = story(what);
        return finding;
    };
    const auto uncertain = [&](const std::string& what) {
        auto finding = undetermined(condition, severity, expected, Error{Errc::system, story(what)});
        finding.found = found;
        return finding;
    };
    switch (rule.outcome) {
        case XccdfOutcome::pass:
        case XccdfOutcome::fixed: return fine(condition, expected, found);
        case XccdfOutcome::fail: return drifted(condition, severity, expected, found, story("fails"));
        case XccdfOutcome::notselected: return unjudged("was not selected");
        case XccdfOutcome::notapplicable: return unjudged("does not apply to this host");
        case XccdfOutcome::informational: return unjudged("informs people and judges nothing");
        case XccdfOutcome::notchecked: return uncertain("was not checked");
        case XccdfOutcome::error:
        case XccdfOutcome::unknown: break;
    }
    return uncertain("could not be evaluated");
}

class Judge {
public:
    Judge(const XccdfBaseline& baseline, const OscapRun& run, CheckReport& report)
        : baseline_{baseline}, run_{run}, results_{run.results}, report_{report} {}

    void judge() {
        const auto selected = results_.rules.size();
        if (selected > findings_most)
            return could_not("oscap:rules", "at most 1000 rules",
                             std::to_string(selected) +
                                 " rules are selected; split them by `rules` into checks of "
                                 "at most 1000 each");
        judge_rules();
        for (const auto& id : baseline_.rules)
            if (std::ranges::find(results_.rules, id, &RuleResult::id) == results_.rules.end())
                could_not(std::string{short_rule_name(id)}, "pass", "oscap gave no result of " + id);
        judge_whole();
    }

private:
    void could_not(const std::string& condition, const std::string& expected, std::string why) {
        report_.findings.push_back(
            undetermined(condition, baseline_.common.severity, expected, Error{Errc::malformed, std::move(why)}));
    }

    void judge_rules() {
        const auto conditions = conditions_of(results_.rules);
        Value states{Value::Object{}};
        std::map<std::string, std::int64_t> counts;
        for (std::size_t i = 0; i < conditions.size(); ++i) {
            const auto& rule = results_.rules[i];
            report_.findings.push_back(judge_rule(conditions[i], rule, severity_of(rule, baseline_.common)));
            states.set(conditions[i], word_of(rule.outcome));
            ++counts[std::string{word_of(rule.outcome)}];
        }
        report_.state.set("rules", std::move(states));
        Value tally{Value::Object{}};
        for (const auto& [word, count] : counts) tally.set(word, count);
        tally.set("notselected", static_cast<std::int64_t>(results_.not_selected));
        report_.facts.set("counts", std::move(tally));
    }

    // What would read as fine although nothing, or not everything, was looked at.
    void judge_whole() {
        if (results_.rules.empty())
            return could_not("oscap:rules", "rules that are evaluated",
                             "profile " + baseline_.profile + " selects no rule, so nothing was looked at");
        const bool is_elsewhere = !results_.platforms.empty() && !results_.is_for_this_host;
        const bool none_applies = std::ranges::all_of(
            results_.rules, [](const RuleResult& rule) { return rule.outcome == XccdfOutcome::notapplicable; });
        if (is_elsewhere && none_applies) {
            std::string systems;
            for (const auto& platform : results_.platforms)
                systems += (systems.empty() ? "" : ", ") + agent::quoted(platform, shown_most);
            could_not("oscap:platform", "content for this system",
                      "the content is for " + systems + ", which this host is not: no rule was evaluated");
        }
        const bool none_failed = std::ranges::none_of(results_.rules, [](const RuleResult& rule) {
            return rule.outcome == XccdfOutcome::fail || rule.outcome == XccdfOutcome::unknown;
        });
        if (run_.says_failed && none_failed)
            could_not("oscap:rules", "the rule that failed",
                      "by its exit status a rule fails, but the results of oscap name none");
    }

    const XccdfBaseline& baseline_;
    const OscapRun& run_;
    const XccdfResults& results_;
    CheckReport& report_;
};

}  // namespace

CheckReport judge_xccdf(const XccdfBaseline& baseline, const Result<OscapRun>& run) {
    auto report = report_on(baseline.common);
    report.state = Value::object({{"datastream", baseline.datastream.native()}, {"profile", baseline.profile}});
    if (run.has_value()) {
        const auto& results = run.value().results;
        report.state.set("benchmark", results.benchmark);
        report.state.set("version", results.version);
    }
    // The rules themselves are told by the findings.
    report.facts = report.state;
    if (!baseline.rules.empty()) report.facts.set("only", Value::strings(baseline.rules));
    if (!baseline.skip_rules.empty()) report.facts.set("skipped", Value::strings(baseline.skip_rules));
    if (run.has_error()) {
        report.findings.push_back(undetermined("oscap:run", baseline.common.severity, "results of oscap", run.error()));
    } else {
        const auto& done = run.value();
        report.facts.set("scanner", done.results.scanner);
        if (!done.remarks.empty()) report.facts.set("remarks", agent::quoted(done.remarks, shown_most));
        report.facts.set("took_ms", std::int64_t{done.took.count()});
        Judge{baseline, done, report}.judge();
    }
    conclude(report, baseline.common);
    return report;
}

}  // namespace agent
