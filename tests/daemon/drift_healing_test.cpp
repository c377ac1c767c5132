// A drift that starts its runbook by itself, where baseline and policy say so.
#include "desk_fixture.hpp"

namespace agent::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ADrift : public DeskFixture {
protected:
    ADrift() { declare("enforce"); }
    void looked(CheckResult result) {
        note(result);
        work();
    }
    std::vector<std::string> outcomes() {
        std::vector<std::string> all;
        for (const auto& bundle : evidence()) all.push_back(text(bundle, "outcome"));
        return all;
    }
};

TEST_F(ADrift, IsHealedByItsRunbookWithEvidence) {
    looked(CheckResult::drift);
    EXPECT_EQ(content(), "approved\n");
    const auto bundles = evidence();
    ASSERT_EQ(bundles.size(), 1U);
    EXPECT_EQ(text(bundles[0], "outcome"), "success");
    EXPECT_EQ(text(bundles[0], "trigger"), "change");
    EXPECT_EQ(text(bundles[0], "runbook_id"), "RB-FIX-001");
    EXPECT_TRUE(bundles[0].find("order_id")->is_null());
    EXPECT_TRUE(store->journal().open().value().empty());
}

TEST_F(ADrift, StartsNothingUnlessItsCheckSaysSo) {
    declare("\"off\"");
    looked(CheckResult::drift);
    declare("enforce", HealingMode::off);
    looked(CheckResult::drift);
    EXPECT_EQ(content(), "drifted\n");
    EXPECT_THAT(evidence(), IsEmpty());
}

TEST_F(ADrift, IsNoneWhereTheCheckCouldNotLook) {
    for (const auto result : {CheckResult::error, CheckResult::timeout, CheckResult::waived, CheckResult::pass})
        looked(result);
    EXPECT_EQ(content(), "drifted\n");
    EXPECT_THAT(evidence(), IsEmpty());
}

TEST_F(ADrift, UnderDryRunIsToldOnceWithThePlanForEachTimeItComes) {
    for (const auto& [heal, mode] : {std::pair{"dry_run", HealingMode::enforce}, {"enforce", HealingMode::dry_run}}) {
        declare(heal, mode);
        const auto before = evidence().size();
        looked(CheckResult::drift);
        looked(CheckResult::drift);
        ASSERT_EQ(evidence().size(), before + 1) << heal;
        EXPECT_EQ(text(evidence().back(), "outcome"), "deferred");
        EXPECT_FALSE(text(*evidence().back().find("plan"), "sha256").empty());
        looked(CheckResult::pass);
        looked(CheckResult::drift);
        EXPECT_EQ(evidence().size(), before + 2) << heal;
        looked(CheckResult::pass);
    }
    EXPECT_EQ(content(), "drifted\n");
}

TEST_F(ADrift, WaitsForAHoldToEnd) {
    ASSERT_TRUE(store->memory().write_hold(time.wall + std::chrono::hours{4}).has_value());
    looked(CheckResult::drift);
    EXPECT_EQ(content(), "drifted\n");
    ASSERT_TRUE(store->memory().write_hold(std::nullopt).has_value());
    looked(CheckResult::drift);
    EXPECT_EQ(content(), "approved\n");
    EXPECT_THAT(outcomes(), ElementsAre("deferred", "success"));
}

TEST_F(ADrift, ThatComesBackIsHealedNoMoreOftenThanTheBudgetAllows) {
    max_per_day = 2;
    declare("enforce");
    for (int i = 0; i < 5; ++i) {
        folder.write("target", "drifted\n");
        looked(CheckResult::drift);
    }
    EXPECT_EQ(content(), "drifted\n");
    EXPECT_THAT(outcomes(), ElementsAre("success", "success", "deferred"));
    EXPECT_THAT(text(evidence().back(), "error"), HasSubstr("budget_exhausted"));
}

// A run of `heal` that was killed after it had written "half\n" into the target.
TEST_F(ADrift, ComesAfterWhatAKilledRunLeftHalfWay) {
    auto transaction = store->begin().value();
    const RunHeader by_hand{RunbookId{"RB-BY-HAND"}, std::string(64, 'a'), Trigger::manual, std::nullopt, time.wall};
    const auto run = store->journal().begin(transaction, by_hand).value();
    const auto facts = Value::object({{"path", target.string()}, {"exists", false}});
    ASSERT_TRUE(store->journal().begin_step(transaction, run, {1, "file.install", facts, facts}).has_value());
    ASSERT_TRUE(transaction.commit().has_value());
    looked(CheckResult::drift);
    const auto bundles = evidence();
    ASSERT_EQ(bundles.size(), 2U);
    EXPECT_EQ(text(bundles[0], "runbook_id"), "RB-BY-HAND");
    EXPECT_EQ(text(bundles[0], "trigger"), "manual");
    EXPECT_EQ(text(bundles[0], "outcome"), "reverted");
    EXPECT_EQ(text(bundles[1], "outcome"), "success");
    EXPECT_EQ(content(), "approved\n");
    EXPECT_TRUE(store->journal().open().value().empty());
}

TEST_F(ADrift, WhoseRunCannotBePutBackIsLeftToAPerson) {
    check_says = CheckResult::drift;
    int looks = 0;
    before_checks = [&] {
        if (++looks < 2) return;  // what is to be put back has lost its place
        std::filesystem::remove(target);
        std::filesystem::create_directory(target);
    };
    looked(CheckResult::drift);
    looked(CheckResult::drift);
    EXPECT_THAT(outcomes(), ElementsAre("failed", "deferred"));
    EXPECT_EQ(text(evidence()[0], "severity"), "critical");
    EXPECT_THAT(text(evidence()[1], "error"), HasSubstr("could not be put back"));
    ASSERT_EQ(store->checks().held().value().size(), 1U);
}

TEST_F(ADrift, WhoseRollbackFailsIsLeftToAPerson) {
    declare("enforce", HealingMode::enforce, "rollback:\n  - {action: command.run, argv: [/bin/false]}\n");
    check_says = CheckResult::drift;
    looked(CheckResult::drift);
    looked(CheckResult::drift);
    EXPECT_THAT(outcomes(), ElementsAre("failed", "deferred"));
    EXPECT_EQ(text(evidence()[0], "severity"), "critical");
    EXPECT_EQ(content(), "drifted\n");
    ASSERT_EQ(store->checks().held().value().size(), 1U);
}

TEST_F(ADrift, ThatTheRunbookDoesNotRepairIsPutBack) {
    check_says = CheckResult::drift;
    looked(CheckResult::drift);
    EXPECT_EQ(content(), "drifted\n");
    EXPECT_THAT(outcomes(), ElementsAre("reverted"));
}

}  // namespace
}  // namespace agent::testing
