#include "healing/policy.hpp"

#include <gmock/gmock.h>

#include "model/hold.hpp"

namespace agent {
namespace {

using std::chrono::hours;
using ::testing::AllOf;
using ::testing::HasSubstr;

WallTime at(std::string_view text) { return parse_rfc3339(text).value(); }

class Policy : public ::testing::Test {
protected:
    PolicySettings settings;
    PolicyFacts facts;
    Policy() {
        settings.mode = HealingMode::enforce;
        settings.window = MaintenanceWindow::parse("02:00-04:00").value();
        facts.now = at("2026-06-01T03:00:00Z");
        facts.changes_host = true;
        facts.disruptive = true;
    }
    std::optional<Gate> reason() const {
        const auto deferral = judge_policy(settings, facts);
        return deferral ? std::optional{deferral->reason} : std::nullopt;
    }
    std::optional<WallTime> not_before() const { return judge_policy(settings, facts).value().not_before; }
};

TEST_F(Policy, LetsARunStartWhereNothingSpeaksAgainstIt) { EXPECT_EQ(reason(), std::nullopt); }

TEST_F(Policy, DefersEverythingInModeOffAndDryRun) {
    facts.changes_host = facts.disruptive = false;
    for (const auto mode : {HealingMode::off, HealingMode::dry_run}) {
        settings.mode = mode;
        EXPECT_EQ(reason(), Gate::healing_disabled);
        EXPECT_EQ(not_before(), std::nullopt);
        EXPECT_THAT(judge_policy(settings, facts)->detail, HasSubstr(to_string(mode)));
    }
}

TEST_F(Policy, HoldsUntilTheVeryMoment) {
    facts.hold_until = facts.now + Duration{1};
    EXPECT_EQ(reason(), Gate::healing_disabled);
    EXPECT_EQ(not_before(), facts.hold_until);
    facts.hold_until = facts.now;
    EXPECT_EQ(reason(), std::nullopt);
    facts.hold_until = until_resumed();
    EXPECT_EQ(not_before(), std::nullopt);
    EXPECT_THAT(judge_policy(settings, facts)->detail, HasSubstr("until it is resumed"));
}

TEST_F(Policy, IsTightenedButNotLoosenedByTheLimitsOfARunbook) {
    settings.cooldown = std::chrono::minutes{10};
    settings.max_per_day = 6;
    facts.last_run = facts.now - std::chrono::minutes{30};
    facts.runs_in_last_day = 2;
    facts.cooldown = std::chrono::minutes{1};
    facts.most_per_day = 100;
    EXPECT_EQ(reason(), std::nullopt);
    facts.runs_in_last_day = 6;
    EXPECT_EQ(reason(), Gate::budget_exhausted);
    facts.runs_in_last_day = 2;
    facts.most_per_day = 2;
    EXPECT_EQ(reason(), Gate::budget_exhausted);
    facts.most_per_day.reset();
    facts.cooldown = std::chrono::hours{1};
    EXPECT_EQ(not_before(), *facts.last_run + std::chrono::hours{1});
}

TEST_F(Policy, LeavesACheckOnHoldToAPerson) {
    facts.check_held = "flapping: 4 changes within 30m";
    EXPECT_EQ(reason(), Gate::healing_disabled);
    EXPECT_THAT(judge_policy(settings, facts)->detail, AllOf(HasSubstr("flapping"), HasSubstr("resume")));
    EXPECT_EQ(not_before(), std::nullopt) << "no clock ends it";
    facts.changes_host = false;
    EXPECT_EQ(reason(), std::nullopt) << "looking does no harm";
}

TEST_F(Policy, KeepsTheDisruptiveInTheWindowStartInEndOut) {
    facts.now = at("2026-06-01T02:00:00Z");
    EXPECT_EQ(reason(), std::nullopt);
    facts.now = at("2026-06-01T03:59:59.999Z");
    EXPECT_EQ(reason(), std::nullopt);
    facts.now = at("2026-06-01T04:00:00Z");
    EXPECT_EQ(reason(), Gate::outside_maintenance_window);
    EXPECT_EQ(not_before(), at("2026-06-02T02:00:00Z"));
    facts.disruptive = false;
    EXPECT_EQ(reason(), std::nullopt);
    facts.disruptive = true;
    settings.window.reset();
    EXPECT_EQ(reason(), std::nullopt);
}

TEST_F(Policy, CoolsDownOnlyWhatChangesTheHost) {
    facts.last_run = facts.now - settings.cooldown + Duration{1};
    EXPECT_EQ(reason(), Gate::budget_exhausted);
    EXPECT_EQ(not_before(), facts.now + Duration{1});
    facts.changes_host = false;
    EXPECT_EQ(reason(), std::nullopt);
    facts.changes_host = true;
    facts.last_run = facts.now - settings.cooldown;
    EXPECT_EQ(reason(), std::nullopt);
}

TEST_F(Policy, AsksNeitherCooldownNorBudgetOfWhoJoinsARunThatHasBeenCounted) {
    facts.last_run = facts.now;
    facts.runs_in_last_day = settings.max_per_day;
    facts.joins_a_run = true;
    EXPECT_EQ(reason(), std::nullopt);
    facts.clock_untrusted = true;
    EXPECT_EQ(reason(), Gate::clock_untrusted);
    facts.now = at("2026-06-01T04:00:00Z");
    EXPECT_EQ(reason(), Gate::outside_maintenance_window);
    settings.mode = HealingMode::off;
    EXPECT_EQ(reason(), Gate::healing_disabled);
}

TEST_F(Policy, AllowsSoManyRunsADay) {
    facts.last_run = facts.now - hours{2};
    facts.runs_in_last_day = settings.max_per_day - 1;
    EXPECT_EQ(reason(), std::nullopt);
    facts.runs_in_last_day = settings.max_per_day;
    EXPECT_EQ(reason(), Gate::budget_exhausted);
    EXPECT_EQ(not_before(), facts.now + hours{1});
    facts.last_run = facts.now - hours{24} + Duration{5};
    EXPECT_EQ(not_before(), facts.now + Duration{5});
    settings.max_per_day = 0;
    EXPECT_EQ(not_before(), std::nullopt);
}

TEST_F(Policy, WaitsForAClockThatCanBeTrustedWhateverIsRun) {
    facts.clock_untrusted = true;
    facts.changes_host = facts.disruptive = false;
    EXPECT_EQ(reason(), Gate::clock_untrusted);
    EXPECT_EQ(not_before(), std::nullopt);
}

TEST_F(Policy, NamesTheFirstReasonInTheOrderOfTheProtocol) {
    facts.now = at("2026-06-01T12:00:00Z");
    facts.last_run = facts.now;
    facts.clock_untrusted = true;
    settings.mode = HealingMode::off;
    EXPECT_EQ(reason(), Gate::healing_disabled);
    settings.mode = HealingMode::enforce;
    EXPECT_EQ(reason(), Gate::outside_maintenance_window);
    settings.window.reset();
    EXPECT_EQ(reason(), Gate::budget_exhausted);
    facts.last_run.reset();
    EXPECT_EQ(reason(), Gate::clock_untrusted);
}

}  // namespace
}  // namespace agent
