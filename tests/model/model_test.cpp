#include <gtest/gtest.h>

#include <limits>

#include "model/check.hpp"
#include "model/order.hpp"
#include "model/value.hpp"

namespace agent {
namespace {

Finding finding(CheckResult result, std::optional<Severity> severity = std::nullopt) {
    return {"condition", result, severity, "", "", "why"};
}

CheckReport decided(std::vector<Finding> findings) {
    CheckReport report;
    report.findings = std::move(findings);
    decide(report);
    return report;
}

TEST(CheckReport, IsFineOnlyIfEverythingLookedAtIs) {
    const auto report = decided({finding(CheckResult::not_applicable), finding(CheckResult::pass)});
    EXPECT_EQ(report.result, CheckResult::pass);
    EXPECT_EQ(report.severity, std::nullopt);
    EXPECT_EQ(report.reason, "");
    EXPECT_EQ(decided({finding(CheckResult::not_applicable)}).result, CheckResult::not_applicable);
    EXPECT_EQ(decided({finding(CheckResult::pass), finding(CheckResult::waived)}).result, CheckResult::waived);
}

TEST(CheckReport, ThatLookedAtNothingIsAnError) {
    EXPECT_EQ(decided({}).result, CheckResult::error);
    EXPECT_EQ(decided({}).severity, Severity::medium);
}

TEST(CheckReport, TakesTheWorstFinding) {
    const auto report =
        decided({finding(CheckResult::drift, Severity::low), finding(CheckResult::drift, Severity::high),
                 finding(CheckResult::error, Severity::medium), finding(CheckResult::pass)});
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.severity, Severity::high);
    EXPECT_EQ(report.reason, "why");
}

TEST(CheckReport, NeverHidesWhatCouldNotBeDetermined) {
    EXPECT_EQ(
        decided({finding(CheckResult::drift, Severity::high), finding(CheckResult::error, Severity::high)}).result,
        CheckResult::error);
    EXPECT_EQ(
        decided({finding(CheckResult::drift, Severity::high), finding(CheckResult::timeout, Severity::high)}).result,
        CheckResult::timeout);
    EXPECT_EQ(decided({finding(CheckResult::pass), finding(CheckResult::error)}).result, CheckResult::error);
    EXPECT_EQ(decided({finding(CheckResult::waived), finding(CheckResult::drift)}).result, CheckResult::drift);
}

TEST(OrderPayload, ExpiresWhenItsTimeHasRun) {
    OrderPayload order;
    order.issued_at = WallTime{Duration{1000}};
    order.ttl_seconds = 60;
    EXPECT_EQ(order.expires_at(), WallTime{Duration{61'000}});
}

TEST(OrderPayload, ExpiresAtTheEndOfTimeRatherThanBeforeItWasIssued) {
    OrderPayload order;
    for (const std::int64_t issued : {-1'000LL, 0LL, 1'700'000'000'000LL}) {
        order.issued_at = WallTime{Duration{issued}};
        order.ttl_seconds = std::numeric_limits<std::int64_t>::max();
        EXPECT_GE(order.expires_at(), order.issued_at);
        order.ttl_seconds = std::numeric_limits<std::int64_t>::min();
        EXPECT_LE(order.expires_at(), order.issued_at);
    }
}

TEST(Value, FindsMembersOfObjectsOnly) {
    const auto value = Value::object({{"a", 1}, {"b", Value::array({"x"})}});
    EXPECT_EQ(*value.find("a"), Value{1});
    EXPECT_EQ(value.find("c"), nullptr);
    EXPECT_EQ(Value{1}.find("a"), nullptr);
    EXPECT_EQ(Value{}.find("a"), nullptr);
}

TEST(Value, BecomesAnObjectWithItsFirstMember) {
    Value value;
    value.set("a", 1);
    value.set("a", "two");
    EXPECT_EQ(value, Value::object({{"a", "two"}}));
}

TEST(Value, KeepsKindsApart) {
    EXPECT_NE(Value{1}, Value{1.0});
    EXPECT_NE(Value{1}, Value{true});
    EXPECT_NE(Value{"1"}, Value{1});
    EXPECT_NE(Value{}, Value{Value::Object{}});
    EXPECT_NE(Value{Value::Array{}}, Value{Value::Object{}});
}

}  // namespace
}  // namespace agent
