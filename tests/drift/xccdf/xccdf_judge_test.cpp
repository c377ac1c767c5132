#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drift/baseline.hpp"
#include "drift/xccdf/xccdf_check.hpp"
#include "support/check_ground.hpp"

namespace agent {
namespace {

using testing::finding_of;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::results_of;

class XccdfJudged : public ::testing::Test {
protected:
    XccdfJudged() {
        baseline.common.name = CheckName{"scap"};
        baseline.common.severity = Severity::critical;
        baseline.datastream = "/c/ds.xml";
        baseline.profile = "p";
    }
    void rule(const std::string& name, XccdfOutcome outcome, const std::string& severity = "medium") {
        RuleResult result;
        result.id = "xccdf_com.example_rule_" + name;
        result.title = "Title of " + name;
        result.severity = severity;
        result.outcome = outcome;
        run.results.rules.push_back(std::move(result));
    }
    [[nodiscard]] CheckReport judge() const { return judge_xccdf(baseline, Result<OscapRun>{run}); }
    XccdfBaseline baseline;
    OscapRun run;
};

TEST_F(XccdfJudged, PassesOnlyOnPassAndFixed) {
    rule("passes", XccdfOutcome::pass);
    rule("was_fixed", XccdfOutcome::fixed);
    EXPECT_EQ(judge().result, CheckResult::pass);
    for (const auto outcome : {XccdfOutcome::error, XccdfOutcome::unknown, XccdfOutcome::notchecked}) {
        run.results.rules.resize(2);
        rule("other", outcome);
        const auto report = judge();
        EXPECT_EQ(report.result, CheckResult::error) << word_of(outcome);
        EXPECT_EQ(finding_of(report, "other").found, word_of(outcome));
        EXPECT_THAT(report.reason, HasSubstr("Title of other"));
    }
}

TEST_F(XccdfJudged, SaysOfWhatDoesNotApplyOrOnlyInformsThatItJudgesNothing) {
    rule("passes", XccdfOutcome::pass);
    rule("elsewhere", XccdfOutcome::notapplicable);
    rule("informs", XccdfOutcome::informational);
    const auto report = judge();
    EXPECT_EQ(report.result, CheckResult::pass);
    EXPECT_EQ(finding_of(report, "elsewhere").result, CheckResult::not_applicable);
    EXPECT_THAT(finding_of(report, "elsewhere").reason, HasSubstr("does not apply"));
    EXPECT_EQ(finding_of(report, "informs").result, CheckResult::not_applicable);
}

TEST_F(XccdfJudged, IsAsSevereAsTheRuleAndWhereThatIsUnknownAsTheCheck) {
    const auto severity = [this](const std::string& word) {
        run.results.rules.clear();
        rule("a", XccdfOutcome::fail, word);
        return judge().severity;
    };
    EXPECT_EQ(severity("info"), Severity::low);
    EXPECT_EQ(severity("low"), Severity::low);
    EXPECT_EQ(severity("medium"), Severity::medium);
    EXPECT_EQ(severity("high"), Severity::high);
    EXPECT_EQ(severity("unknown"), Severity::critical);
    EXPECT_EQ(severity(""), Severity::critical);
}

TEST_F(XccdfJudged, TellsRulesOfTheSameShortNameApart) {
    rule("a", XccdfOutcome::pass);
    rule("b", XccdfOutcome::pass);
    run.results.rules.back().id = "xccdf_org.other_rule_a";
    const auto results = results_of(judge());
    EXPECT_TRUE(results.contains("xccdf_com.example_rule_a"));
    EXPECT_TRUE(results.contains("xccdf_org.other_rule_a"));
    EXPECT_EQ(results.size(), 2U);
}

TEST_F(XccdfJudged, IsNoPassWhereNothingWasLookedAt) {
    EXPECT_EQ(judge().result, CheckResult::error);
    EXPECT_THAT(judge().reason, HasSubstr("selects no rule"));
    rule("a", XccdfOutcome::notapplicable);
    EXPECT_EQ(judge().result, CheckResult::not_applicable);
    run.results.platforms = {"cpe:/o:debian:debian_linux:11"};
    EXPECT_EQ(finding_of(judge(), "oscap:platform").result, CheckResult::error);
    EXPECT_THAT(judge().reason, HasSubstr("cpe:/o:debian:debian_linux:11"));
    run.results.is_for_this_host = true;
    EXPECT_EQ(judge().result, CheckResult::not_applicable);
}

TEST_F(XccdfJudged, IsNoPassWhereAWantedRuleHasNoResult) {
    rule("a", XccdfOutcome::pass);
    baseline.rules = {"xccdf_com.example_rule_a", "xccdf_com.example_rule_b"};
    EXPECT_EQ(judge().result, CheckResult::error);
    EXPECT_EQ(finding_of(judge(), "b").result, CheckResult::error);
}

TEST_F(XccdfJudged, IsNoPassWhereStatusAndResultsDisagree) {
    rule("a", XccdfOutcome::pass);
    run.says_failed = true;
    EXPECT_EQ(judge().result, CheckResult::error);
    EXPECT_THAT(judge().reason, HasSubstr("name none"));
}

TEST_F(XccdfJudged, HasNoMoreThanAThousandFindings) {
    for (int i = 0; i < 1000; ++i) rule("r" + std::to_string(i), XccdfOutcome::pass);
    EXPECT_EQ(judge().result, CheckResult::pass);
    rule("one_more", XccdfOutcome::pass);
    EXPECT_EQ(judge().result, CheckResult::error);
    EXPECT_EQ(judge().findings.size(), 1U);
}

TEST_F(XccdfJudged, HasAStateThatOnlyResultsMove) {
    rule("a", XccdfOutcome::pass);
    const auto first = judge();
    run.took = Duration{1234};
    run.remarks = "W: something else";
    run.results.rules.front().message = "said differently";
    EXPECT_EQ(judge().state, first.state);
    EXPECT_NE(judge().facts, first.facts);
    run.results.rules.front().outcome = XccdfOutcome::fail;
    EXPECT_NE(judge().state, first.state);
}

TEST_F(XccdfJudged, QuotesWhatOthersWrote) {
    rule("a", XccdfOutcome::fail);
    run.results.rules.front().title = "red \x1b[31m and\xe2\x80\xae backwards";
    EXPECT_THAT(judge().reason, Not(HasSubstr("\x1b")));
    EXPECT_THAT(judge().reason, Not(HasSubstr("\xe2\x80\xae")));
}

TEST(XccdfKeys, AreCheckedWhereTheyStand) {
    testing::TemporaryDirectory folder;
    const auto key = [&](const std::string& keys) {
        const auto outcome =
            load_baseline(folder.write("b.yaml", "version: 1\ncustom:\n  - {name: own, kind: xccdf, " + keys + "}\n"));
        return outcome.faults.empty() ? std::string{} : outcome.faults.front().key;
    };
    EXPECT_EQ(key("datastream: /d.xml, profile: p"), "");
    EXPECT_EQ(key("datastream: /d.xml, profile: (all), tailoring_file: /t.xml, rules: [a], skip_rules: [b]"), "");
    EXPECT_EQ(key("profile: p"), "custom[0].datastream");
    EXPECT_EQ(key("datastream: /d.xml"), "custom[0].profile");
    EXPECT_EQ(key("datastream: /d.xml, profile: --remediate"), "custom[0].profile");
    EXPECT_EQ(key("datastream: /d.xml, profile: p, rules: []"), "custom[0].rules");
    EXPECT_EQ(key("datastream: /d.xml, profile: p, rules: [--fetch-remote-resources]"), "custom[0].rules");
    EXPECT_EQ(key("datastream: /d.xml, profile: p, rules: [a], skip_rules: [a]"), "custom[0].skip_rules");
    EXPECT_EQ(key("datastream: /d.xml, profile: p, rule: a"), "custom[0].rule");
}

TEST(XccdfKeys, GiveOscapMoreTimeThanOthersHave) {
    testing::TemporaryDirectory folder;
    const auto outcome = load_baseline(
        folder.write("b.yaml", "version: 1\ncustom:\n  - {name: own, kind: xccdf, datastream: /d.xml, profile: p}\n"));
    const auto* check = outcome.baseline->find(CheckName{"own"});
    ASSERT_NE(check, nullptr);
    EXPECT_EQ(check->settings().timeout, Duration{600'000});
    EXPECT_THAT(check->explain(), HasSubstr("/d.xml"));
}

}  // namespace
}  // namespace agent
