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
                    .execute("INSERT INTO facts VALUES ('epoch', 'b3c2a5f0-0000-4000-8000-000000000001')")
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

TEST(StateMigrations, AReaderDoesNotMigrate) {
    testing::TemporaryDirectory folder;
    make_older(folder.path(), 1, one_bundle);
    const auto refused = StateStore::open(folder.path(), OpenMode::read_only, noon);
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code(), Errc::malformed);
}

}  // namespace
}  // namespace agent
