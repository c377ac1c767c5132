#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state_fixture.hpp"
#include "store/state_schema.hpp"

namespace agent {
namespace {

using testing::append_bundle;
using testing::noon;
using testing::open_state;

// A file as a program that knew only the first `steps` steps left it.
void make_older(const std::filesystem::path& folder, std::size_t steps, std::string_view filled_by) {
    auto settings = state_schema();
    settings.migrations.resize(steps);
    auto database = Database::open(folder / "state.db", OpenMode::create, settings);
    ASSERT_TRUE(database.has_value()) << database.error().message();
    ASSERT_TRUE(database.value()
                    .execute("INSERT OR IGNORE INTO facts VALUES ('epoch', 'b3c2a5f0-0000-4000-8000-000000000001')")
                    .has_value());
    const auto filled = database.value().execute(filled_by);
    ASSERT_TRUE(filled.has_value()) << filled.error().message();
}

constexpr std::string_view one_bundle =
    "INSERT INTO bundles (bundle_id, epoch, sequence, previous_sha256, sha256, check_name, outcome, created_at, "
    "signature, bytes) VALUES ('id-1', 'b3c2a5f0-0000-4000-8000-000000000001', 1, 'p', 's', 'c', 'success', 5, "
    "zeroblob(64), x'7b7d')";

TEST(StateMigrations, FromNothingEverythingIsMade) {
    testing::TemporaryDirectory folder;
    auto store = open_state(folder.path());
    EXPECT_TRUE(append_bundle(*store).has_value());
    EXPECT_EQ(store->orders().deferred().value().size(), 0U);
    EXPECT_EQ(store->checks().all().value().size(), 0U);
    EXPECT_FALSE(store->memory().time_mark().value());
}

TEST(StateMigrations, Step2AddsTheLedgerAndKeepsTheChain) {
    testing::TemporaryDirectory folder;
    make_older(folder.path(), 1, one_bundle);
    auto store = open_state(folder.path());
    EXPECT_EQ(store->orders().interrupted().value().size(), 0U);
    EXPECT_EQ(store->evidence().head().value().sequence, 1);
    EXPECT_EQ(store->evidence().figures().value().waiting, 1);
}

TEST(StateMigrations, Step3AddsTheMemoryAndKeepsTheLedger) {
    testing::TemporaryDirectory folder;
    make_older(folder.path(), 2, "INSERT INTO refusals (key, reason, refused_at) VALUES ('k', 'malformed', 1)");
    auto store = open_state(folder.path());
    EXPECT_TRUE(store->orders().was_refused("k").value());
    EXPECT_TRUE(store->memory().write_hold(noon).has_value());
}

TEST(StateMigrations, Step4KeepsBundlesReceiptsQuarantineAndFigures) {
    testing::TemporaryDirectory folder;
    make_older(folder.path(), 3, one_bundle);
    {
        auto settings = state_schema();
        settings.migrations.resize(3);
        auto older = Database::open(folder.path() / "state.db", OpenMode::existing, settings);
        ASSERT_TRUE(older.has_value()) << older.error().message();
        constexpr std::string_view copy =
            "INSERT INTO bundles SELECT position + 1, 0, 'id-' || (position + 1), epoch, sequence + 1, 'p', 's', "
            "check_name, result, outcome, order_id, created_at, signature, bytes FROM bundles "
            "ORDER BY position DESC LIMIT 1";
        ASSERT_TRUE(older.value().execute(copy).has_value());
        ASSERT_TRUE(older.value().execute(copy).has_value());
        for (const auto* step : {"INSERT INTO receipts VALUES (1, x'7b')", "INSERT INTO quarantine VALUES (2, 'why')",
                                 "UPDATE bundles SET state = position WHERE position < 3"})
            ASSERT_TRUE(older.value().execute(step).has_value());
    }
    auto store = open_state(folder.path());
    EXPECT_EQ(store->evidence().head().value().sequence, 3);
    EXPECT_EQ(store->evidence().find(BundleId{"id-1"}).value()->receipt, "{");
    EXPECT_EQ(store->evidence().find(BundleId{"id-2"}).value()->quarantined_for, "why");
    EXPECT_EQ(store->evidence().next_waiting(0).value()->bundle.bundle_id, BundleId{"id-3"});
    const auto figures = store->evidence().figures().value();
    EXPECT_EQ(figures.waiting, 1);
    EXPECT_EQ(figures.quarantined, 1);
    EXPECT_EQ(figures.receipted, 1);
    EXPECT_TRUE(append_bundle(*store).has_value());
    // The new tables refer to each other as the old ones did.
    auto database = Database::open(folder.path() / "state.db", OpenMode::existing, state_schema());
    ASSERT_TRUE(database.value().execute("DELETE FROM bundles WHERE position < 3").has_value());
    auto left = database.value().prepare("SELECT (SELECT count(*) FROM receipts) + (SELECT count(*) FROM quarantine)");
    ASSERT_TRUE(left.value().step().value());
    EXPECT_EQ(left.value().integer(0), 0);
}

TEST(StateMigrations, Step5AddsTheChangesOfChecksAndKeepsTheirResults) {
    testing::TemporaryDirectory folder;
    make_older(folder.path(), 4, "INSERT INTO check_results VALUES ('patching', 'pass', NULL, '', 'd', 1, 1)");
    auto store = open_state(folder.path());
    EXPECT_EQ(store->checks().all().value().size(), 1U);
    EXPECT_TRUE(store->checks().changes_since(CheckName{"patching"}, noon).value().empty());
}

TEST(StateMigrations, Step6TakesTheRefusalsOfTheRunningHourToHaveComeAtItsEnd) {
    testing::TemporaryDirectory folder;
    const auto started = std::to_string(noon.time_since_epoch().count());
    make_older(folder.path(), 5, "INSERT INTO refusal_count VALUES (1, " + started + ", 3, 7)");
    auto store = open_state(folder.path());
    constexpr Duration hour{std::chrono::hours{1}};
    EXPECT_EQ(store->memory().refusal_count().value().unrecorded, 7);
    EXPECT_EQ(store->memory().unsigned_refusals_near(noon + hour + hour - Duration{2}, hour).value(), 3);
    EXPECT_EQ(store->memory().unsigned_refusals_near(noon + hour + hour - Duration{1}, hour).value(), 0);
}

TEST(StateMigrations, Step6FindsNothingWhereNothingWasRefused) {
    testing::TemporaryDirectory folder;
    make_older(folder.path(), 5, "SELECT 1");
    auto store = open_state(folder.path());
    EXPECT_EQ(store->memory().refusal_count().value().unrecorded, 0);
    EXPECT_EQ(store->memory().unsigned_refusals_near(noon, std::chrono::hours{1}).value(), 0);
}

TEST(StateMigrations, Step7TakesFailuresOfBeforeForNoAlarm) {
    testing::TemporaryDirectory folder;
    make_older(folder.path(), 6, "INSERT INTO loops VALUES ('poll', 1, 2, 'no route')");
    auto store = open_state(folder.path());
    const auto poll = store->memory().loop("poll").value();
    EXPECT_EQ(poll.failure, "no route");
    EXPECT_FALSE(poll.alarm);
}

TEST(StateMigrations, Step8AddsTheJournalOfRunsAndKeepsThoseThatCount) {
    testing::TemporaryDirectory folder;
    make_older(folder.path(), 7, "INSERT INTO healing_runs VALUES ('RB-FIX-001', 5)");
    auto store = open_state(folder.path());
    EXPECT_TRUE(store->journal().open().value().empty());
    EXPECT_EQ(store->memory().runs_since("RB-FIX-001", WallTime{}).value(), 1);
}

TEST(StateMigrations, Step9KeepsRunsThatWereCutShort) {
    testing::TemporaryDirectory folder;
    make_older(folder.path(), 8, "INSERT INTO open_runs VALUES (7, 'RB-FIX-001', 'abc', 'manual', NULL, 5, 2)");
    make_older(folder.path(), 8, "INSERT INTO begun_steps VALUES (7, 1, 'file.install', '{}', '{\"path\":\"/x\"}')");
    auto store = open_state(folder.path());
    const auto open = store->journal().open().value();
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0].number, 7);
    EXPECT_EQ(open[0].state, RunState::rolling_back);
    ASSERT_EQ(open[0].steps.size(), 1U);
    EXPECT_TRUE(open[0].steps[0].saved.has_value());
    EXPECT_TRUE(store->checks().held().value().empty());
}

TEST(StateMigrations, Step10TakesStepsOfBeforeForSuchAsMayHaveHappened) {
    testing::TemporaryDirectory folder;
    make_older(folder.path(), 9, "INSERT INTO open_runs VALUES (7, 'RB-FIX-001', 'abc', 'manual', NULL, 5, 0)");
    make_older(folder.path(), 9, "INSERT INTO begun_steps VALUES (7, 1, 'file.install', '{}', '{\"path\":\"/x\"}')");
    auto store = open_state(folder.path());
    const auto steps = store->journal().open().value().at(0).steps;
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_FALSE(steps[0].ended);
    EXPECT_TRUE(steps[0].may_have_touched());
}

TEST(StateMigrations, Step11KeepsRunsAsSuchWithoutARollback) {
    testing::TemporaryDirectory folder;
    make_older(folder.path(), 10, "INSERT INTO open_runs VALUES (7, 'RB-FIX-001', 'abc', 'manual', NULL, 5, 0)");
    auto store = open_state(folder.path());
    const auto open = store->journal().open().value();
    ASSERT_EQ(open.size(), 1U);
    EXPECT_TRUE(open[0].rollback.empty());
    auto transaction = store->begin().value();
    EXPECT_TRUE(store->journal().keep_rollback(transaction, 7, {{2, "unit.restart", Value{}}}).has_value());
}

TEST(StateMigrations, AReaderDoesNotMigrate) {
    testing::TemporaryDirectory folder;
    make_older(folder.path(), 1, one_bundle);
    const auto refused = StateStore::open(folder.path(), OpenMode::read_only, noon);
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code(), Errc::malformed);
}

}  // namespace
}  // namespace agent
