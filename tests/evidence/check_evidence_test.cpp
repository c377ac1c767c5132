#include "evidence/check_evidence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/hold.hpp"

namespace agent {
namespace {

constexpr WallTime noon{Duration{1'700'000'000'000}};

CheckReport report(CheckResult result, std::optional<Severity> severity = std::nullopt) {
    CheckReport report;
    report.name = CheckName{"patching"};
    report.result = result;
    report.severity = severity;
    report.reason = result == CheckResult::pass ? "" : "3 updates are pending";
    report.facts = Value::object({{"pending", 3}, {"age_seconds", 17}});
    report.state = Value::object({{"pending", 3}});
    report.findings = {{"pending", result, severity, "none", "3", report.reason}};
    report.controls = Controls{{"164.308(a)(5)(ii)(B)"}, {"SI-2"}};
    report.started = noon;
    report.ended = noon + Duration{20};
    return report;
}

RememberedCheck remembered(const CheckReport& of) {
    return {of.name, of.result, of.severity, of.reason, state_digest(of), noon, noon - std::chrono::hours{1}};
}

TEST(WorthRecording, AFirstResultIsTheStartup) {
    const auto first = report(CheckResult::pass);
    EXPECT_EQ(worth_recording(std::nullopt, first, state_digest(first)), Trigger::startup);
}

TEST(WorthRecording, MoreOfTheSameIsNothingNew) {
    auto again = report(CheckResult::drift, Severity::high);
    const auto last = remembered(again);
    again.facts.set("age_seconds", 18);  // a measurement
    again.reason = "3 updates are still pending";
    EXPECT_EQ(worth_recording(last, again, state_digest(again)), std::nullopt);
}

TEST(WorthRecording, AMovedResultSeverityOrStateIsAChange) {
    const auto drift = report(CheckResult::drift, Severity::high);
    const auto last = remembered(drift);
    const auto fine = report(CheckResult::pass);
    EXPECT_EQ(worth_recording(last, fine, state_digest(fine)), Trigger::change);
    const auto worse = report(CheckResult::drift, Severity::critical);
    EXPECT_EQ(worth_recording(last, worse, state_digest(worse)), Trigger::change);
    auto moved = drift;
    moved.state.set("pending", 4);
    EXPECT_EQ(worth_recording(last, moved, state_digest(moved)), Trigger::change);
}

TEST(DraftOfCheck, FineResultsAreASuccess) {
    for (const auto result : {CheckResult::pass, CheckResult::not_applicable, CheckResult::waived})
        EXPECT_EQ(draft_of_check(report(result), Trigger::change).outcome, Outcome::success);
}

TEST(DraftOfCheck, WhatDriftedOrCouldNotBeDeterminedIsAnAlert) {
    for (const auto result : {CheckResult::drift, CheckResult::error, CheckResult::timeout})
        EXPECT_EQ(draft_of_check(report(result, Severity::high), Trigger::change).outcome, Outcome::alert);
}

TEST(DraftOfCheck, TheStatesHoldFactsAndFindings) {
    const auto draft = draft_of_check(report(CheckResult::drift, Severity::high), Trigger::startup);
    EXPECT_EQ(*draft.pre_state.find("age_seconds"), Value{17});
    const auto& finding = draft.pre_state.find("findings")->array()->at(0);
    EXPECT_EQ(finding, Value::object({{"condition", "pending"},
                                      {"result", "drift"},
                                      {"severity", "high"},
                                      {"expected", "none"},
                                      {"found", "3"},
                                      {"reason", "3 updates are pending"}}));
    EXPECT_EQ(draft.post_state, draft.pre_state);
    EXPECT_EQ(draft.trigger, Trigger::startup);
    EXPECT_EQ(draft.check, "patching");
    EXPECT_EQ(draft.controls.nist_800_53, std::vector<std::string>{"SI-2"});
    EXPECT_EQ(draft.ended, noon + Duration{20});
}

TEST(DraftOfFlapping, IsAnAlertWhateverTheResultIsJustNow) {
    const auto draft = draft_of_flapping(report(CheckResult::pass), 4, std::chrono::minutes{30});
    EXPECT_EQ(draft.outcome, Outcome::alert);
    EXPECT_EQ(draft.check, "patching");
    EXPECT_EQ(draft.result, CheckResult::pass);
    EXPECT_EQ(*draft.pre_state.find("flapping")->find("changes"), Value{4});
    EXPECT_TRUE(draft.error->starts_with("flapping: 4 changes")) << *draft.error;
}

TEST(DraftOfHeartbeat, ListsEveryCheckAndTheUnrecordedRefusals) {
    const auto draft = draft_of_heartbeat({remembered(report(CheckResult::pass))}, 4, {}, noon, noon + Duration{1});
    EXPECT_EQ(draft.check, "general");
    EXPECT_EQ(draft.result, std::nullopt);
    EXPECT_EQ(draft.trigger, Trigger::heartbeat);
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_EQ(*draft.pre_state.find("unrecorded_refusals"), Value{4});
    const auto& check = draft.pre_state.find("checks")->array()->at(0);
    EXPECT_EQ(*check.find("name"), Value{"patching"});
    EXPECT_EQ(*check.find("since"), Value{format_rfc3339(noon - std::chrono::hours{1})});
}

TEST(DraftOfHeartbeat, ListsTheHoldsInForceAndNoOthers) {
    const auto held_when = [](const std::optional<WallTime>& until) {
        return *draft_of_heartbeat({}, 0, {until, {}}, noon, noon).pre_state.find("hold");
    };
    EXPECT_TRUE(held_when(std::nullopt).is_null());
    EXPECT_TRUE(held_when(noon).is_null()) << "it ended at this very moment";
    EXPECT_EQ(held_when(noon + Duration{1}), Value::object({{"until", format_rfc3339(noon + Duration{1})}}));
    EXPECT_EQ(held_when(until_resumed()), Value::object({{"until", Value{}}}));
    const auto draft = draft_of_heartbeat({}, 0, {{}, {{CheckName{"patching"}, noon, "held by hand"}}}, noon, noon);
    EXPECT_EQ(draft.pre_state.find("checks_on_hold")->array()->at(0),
              Value::object({{"since", format_rfc3339(noon)}, {"reason", "held by hand"}, {"check", "patching"}}));
}

TEST(DraftOfHeartbeat, OneCheckThatIsNotFineIsAnAlert) {
    const auto checks = {remembered(report(CheckResult::pass)),
                         remembered(report(CheckResult::timeout, Severity::low))};
    EXPECT_EQ(draft_of_heartbeat(checks, 0, {}, noon, noon).outcome, Outcome::alert);
}

}  // namespace
}  // namespace agent
