#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "drift/xccdf/xccdf_results.hpp"
#include "xccdf_content.hpp"

namespace agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::recorded_results;
using testing::replaced;
using ::testing::SizeIs;

Result<XccdfResults> read(std::string_view text, std::size_t piece = 64UL * 1024UL) {
    XccdfReader reader;
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
        AGENT_TRY(reader.feed(text.substr(0, piece)));
    }
    return reader.finish();
}
std::string refusal(std::string_view text) {
    const auto results = read(text);
    return results.has_error() ? results.error().message() : "taken";
}

std::string in_run(const std::string& inside) {
    return R"(<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2"><TestResult>)" + inside +
           "</TestResult></Benchmark>";
}
std::string result_of(const std::string& id, const std::string& word) {
    return R"(<rule-result idref=")" + id + R"("><result>)" + word + "</result></rule-result>";
}

TEST(XccdfResults, HoldWhatBecameOfEverySelectedRule) {
    const auto results = read(recorded_results).value();
    EXPECT_EQ(results.benchmark, "xccdf_com.example_benchmark_small");
    EXPECT_EQ(results.version, "1.0");
    EXPECT_EQ(results.scanner, "cpe:/a:redhat:openscap:1.3.7");
    EXPECT_THAT(results.platforms, IsEmpty());
    EXPECT_EQ(results.not_selected, 1U);
    ASSERT_THAT(results.rules, SizeIs(6));
    const auto& first = results.rules.front();
    EXPECT_EQ(first.id, "xccdf_com.example_rule_there");
    EXPECT_EQ(first.title, "The file is there & fine");
    EXPECT_EQ(first.severity, "high");
    EXPECT_EQ(first.outcome, XccdfOutcome::fail);
    std::vector<std::string_view> words;
    for (const auto& rule : results.rules) words.push_back(word_of(rule.outcome));
    EXPECT_THAT(words, ElementsAre("fail", "error", "unknown", "notchecked", "notapplicable", "informational"));
    EXPECT_EQ(results.rules[3].message, "No candidate or applicable check found.");
}

TEST(XccdfResults, ReadTheSameInPiecesOfAnySize) {
    for (const std::size_t piece : {1U, 2U, 7U, 1000U}) {
        const auto results = read(recorded_results, piece).value();
        EXPECT_EQ(results.rules.front().title, "The file is there & fine");
        EXPECT_EQ(results.rules.back().outcome, XccdfOutcome::informational);
    }
}

TEST(XccdfResults, AreNoneWhereverTheyAreCutOff) {
    const auto whole = recorded_results.find_last_not_of('\n') + 1;
    for (std::size_t size = 0; size < whole; ++size)
        ASSERT_TRUE(read(std::string_view{recorded_results}.substr(0, size)).has_error()) << size;
}

TEST(XccdfResults, WithAnyOneByteChangedAreReadOrRefusedButNeverHurt) {
    auto text = recorded_results;
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (const char c : {'<', '\xff'}) {
            const char before = std::exchange(text[at], c);
            const auto results = read(text);
            EXPECT_TRUE(results.has_error() || results.value().rules.size() <= 7U);
            text[at] = before;
        }
    }
}

TEST(XccdfResults, SayWhetherTheContentIsForThisHost) {
    const auto declared = replaced(recorded_results, "<version>", R"(<platform idref="cpe:/o:x:y:1"/><version>)");
    EXPECT_THAT(read(declared).value().platforms, ElementsAre("cpe:/o:x:y:1"));
    EXPECT_FALSE(read(declared).value().is_for_this_host);
    const auto found = replaced(declared, "<target-facts>", R"(<platform idref="cpe:/o:x:y:1"/><target-facts>)");
    EXPECT_TRUE(read(found).value().is_for_this_host);
    // A rule's own platform says nothing of the benchmark's.
    const auto of_rule =
        replaced(recorded_results, "<check system", R"(<platform idref="cpe:/o:x:y:1"/><check system)");
    EXPECT_THAT(read(of_rule).value().platforms, IsEmpty());
}

TEST(XccdfResults, OfOneRuleTakeTheWorst) {
    const auto results = read(in_run(result_of("a", "pass") + result_of("b", "error") + result_of("a", "fail") +
                                     result_of("b", "pass") + result_of("c", "notselected") + result_of("c", "pass")))
                             .value();
    ASSERT_THAT(results.rules, SizeIs(3));
    EXPECT_EQ(results.rules[0].outcome, XccdfOutcome::fail);
    EXPECT_EQ(results.rules[1].outcome, XccdfOutcome::error);
    EXPECT_EQ(results.rules[2].outcome, XccdfOutcome::pass);
    EXPECT_EQ(results.not_selected, 0U);
}

TEST(XccdfResults, AreNotTakenFromAnOverrideOrAnotherNamespace) {
    const auto overridden =
        in_run(R"(<rule-result idref="a"><result>fail</result><override><new-result>pass</new-result>)"
               R"(<result>pass</result></override></rule-result>)");
    EXPECT_EQ(read(overridden).value().rules.at(0).outcome, XccdfOutcome::fail);
    const auto foreign = in_run(R"(<x:rule-result xmlns:x="urn:x" idref="a"><result>pass</result></x:rule-result>)");
    EXPECT_THAT(read(foreign).value().rules, IsEmpty());
    EXPECT_THAT(refusal("<Benchmark><TestResult/></Benchmark>"), HasSubstr("no Benchmark"));
}

TEST(XccdfResults, WithEntitiesAreRefusedBeforeAnyIsExpanded) {
    const std::string bomb = R"(<!DOCTYPE Benchmark [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>)";
    EXPECT_THAT(refusal(bomb + in_run(result_of("&b;", "pass"))), HasSubstr("document type"));
    EXPECT_THAT(refusal(R"(<!DOCTYPE Benchmark SYSTEM "file:///etc/passwd">)" + in_run("")),
                HasSubstr("document type"));
}

TEST(XccdfResults, ThatAreNotThoseOfOneRunAreRefused) {
    const std::string run = "<TestResult>" + result_of("a", "pass") + "</TestResult>";
    const std::string start = R"(<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2">)";
    EXPECT_EQ(refusal(start + run + "</Benchmark>"), "taken");
    EXPECT_THAT(refusal(start + run + run + "</Benchmark>"), HasSubstr("more than one run"));
    EXPECT_THAT(refusal(start + "</Benchmark>"), HasSubstr("no results of a run"));
    EXPECT_THAT(refusal("garbage"), HasSubstr("line 1: "));
    EXPECT_THAT(refusal(""), HasSubstr("line 1: "));
    EXPECT_THAT(refusal(R"(<arf xmlns="urn:arf"/>)"), HasSubstr("no Benchmark"));
}

TEST(XccdfResults, OfRulesWithoutIdOrWordAreRefused) {
    EXPECT_THAT(refusal(in_run(result_of("", "pass"))), HasSubstr("whose id is none"));
    EXPECT_THAT(refusal(in_run(result_of("a b", "pass"))), HasSubstr("whose id is none"));
    EXPECT_THAT(refusal(in_run(result_of("a", "passed"))), HasSubstr("none of XCCDF's words"));
    EXPECT_THAT(refusal(in_run(R"(<rule-result idref="a"/>)")), HasSubstr("none of XCCDF's words"));
}

TEST(XccdfResults, AreBoundedInEveryDirection) {
    std::string deep;
    for (int i = 0; i < 70; ++i) deep += "<a>";
    EXPECT_THAT(refusal(in_run(deep)), HasSubstr("deeper than 64"));
    std::string many;
    for (int i = 0; i <= 10'000; ++i) many += result_of("r" + std::to_string(i), "pass");
    EXPECT_THAT(refusal(in_run(many)), HasSubstr("more than 10000 rules"));
    std::string titles;
    for (int i = 0; i <= 10'000; ++i) titles += "<Rule id=\"r" + std::to_string(i) + "\"/>";
    EXPECT_THAT(refusal(R"(<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2">)" + titles),
                HasSubstr("more than 10000 rules"));
    EXPECT_THAT(refusal(in_run(result_of(std::string(300, 'x'), "pass"))), HasSubstr("idref is too long"));
    EXPECT_THAT(refusal(in_run("<!--" + std::string(3'000'000, 'x') + "-->")), HasSubstr("longer than"));
    // Long text is left out, not kept.
    const auto told = read(in_run(R"(<rule-result idref="a"><result>fail</result><message>)" +
                                  std::string(1'000'000, 'x') + "</message></rule-result>"))
                          .value();
    EXPECT_LE(told.rules.at(0).message.size(), 1024U);
}

TEST(RuleNames, AreShortWhereTheIdIsOfTheFormOfXccdf) {
    EXPECT_EQ(short_rule_name("xccdf_org.ssgproject.content_rule_sshd_disable_root_login"), "sshd_disable_root_login");
    EXPECT_EQ(short_rule_name("xccdf_com.example_rule_x_rule_y"), "x_rule_y");
    for (const std::string_view other : {"rule-4.1.2", "xccdf_", "xccdf_com.example_rule_", "xccdf_a_group_rule_x"})
        EXPECT_EQ(short_rule_name(other), other);
}

}  // namespace
}  // namespace agent
