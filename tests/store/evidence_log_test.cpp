#include "store/state_schema.hpp"

#include "state_fixture.hpp"
#include "store/state_schema.hpp"

namespace agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::noon;

class EvidenceLogTest : public testing::StateTest {
protected:
    EvidenceLog& log() { return store->evidence(); }
    std::vector<BundleId> append_many(int count, WallTime at = noon) {
        std::vector<BundleId> ids;
        for (int i = 0; i < count; ++i) ids.push_back(append("encryption", at));
        return ids;
    }
};

TEST_F(EvidenceLogTest, TheFirstHeadIsSequenceZeroAndZeros) {
    const auto head = log().head().value();
    EXPECT_EQ(head.sequence, 0);
    EXPECT_EQ(log().figures().value().receipted, 0);
    EXPECT_EQ(head.head_sha256, std::string(64, '0'));
    EXPECT_EQ(head.epoch.size(), 36U);
}

TEST_F(EvidenceLogTest, TheHeadAdvancesAndSurvivesAReopening) {
    const auto epoch = log().head().value().epoch;
    append_many(3);
    reopen();
    const auto head = log().head().value();
    EXPECT_EQ(head.epoch, epoch);
    EXPECT_EQ(head.sequence, 3);
    EXPECT_EQ(head.head_sha256, log().list(0, 1).value().at(0).bundle.sha256);
}

TEST_F(EvidenceLogTest, ASecondBundleOnOneSequenceIsRefused) {
    append();
    auto twin = log().next(0).value()->bundle;
    twin.bundle_id = BundleId{"another"};
    auto transaction = store->begin().value();
    EXPECT_TRUE(log().append(transaction, twin).has_error());
}

TEST_F(EvidenceLogTest, WhatWasAppendedComesBackByteForByte) {
    const auto id = append();
    SignedBundle bundle = log().find(id).value()->bundle;
    bundle.bundle_id = BundleId{"other"};
    bundle.chain.sequence = 2;
    bundle.bytes = std::string{"\0\xff{}\n", 5};
    bundle.signature.fill(std::byte{0x80});
    bundle.order_id = OrderId{"o-1"};
    bundle.result = std::nullopt;
    bundle.outcome = Outcome::rejected;
    auto transaction = store->begin().value();
    ASSERT_TRUE(log().append(transaction, bundle).has_value());
    ASSERT_TRUE(transaction.commit().has_value());
    const auto found = log().find(bundle.bundle_id).value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->bundle.bytes, bundle.bytes);
    EXPECT_EQ(found->bundle.signature, bundle.signature);
    EXPECT_EQ(found->bundle.order_id, bundle.order_id);
    EXPECT_EQ(found->bundle.result, std::nullopt);
    EXPECT_EQ(found->bundle.outcome, Outcome::rejected);
    EXPECT_EQ(found->bundle.created_at, noon);
    EXPECT_FALSE(log().find(BundleId{"unknown"}).value());
}

TEST_F(EvidenceLogTest, TheOldestWaitingComesFirstAndTheQueueGoesOnBehindIt) {
    const auto ids = append_many(3);
    const auto first = log().next_waiting(0).value();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->bundle.bundle_id, ids[0]);
    EXPECT_EQ(log().next_waiting(first->position).value()->bundle.bundle_id, ids[1]);
    acknowledge({ids[0], ids[1]});
    EXPECT_EQ(log().next_waiting(0).value()->bundle.bundle_id, ids[2]);
    acknowledge({ids[2]});
    EXPECT_FALSE(log().next_waiting(0).value());
}

TEST_F(EvidenceLogTest, ReceiptsOutOfOrderMoveTheWatermarkOnlyToTheFirstHole) {
    const auto ids = append_many(4);
    acknowledge({ids[1], ids[3]});
    EXPECT_EQ(log().figures().value().receipted, 0);
    acknowledge({ids[0]});
    EXPECT_EQ(log().figures().value().receipted, 2);
    ASSERT_TRUE(log().quarantine(ids[2], "bundle_conflict").has_value());
    EXPECT_EQ(log().figures().value().receipted, 2);
    acknowledge({ids[2]});
    EXPECT_EQ(log().figures().value().receipted, 4);
}

TEST_F(EvidenceLogTest, AcknowledgementsOfABatchAreAllOrNone) {
    const auto ids = append_many(2);
    const auto failed = log().acknowledge({{ids[0], "r"}, {BundleId{"unknown"}, "r"}});
    ASSERT_TRUE(failed.has_error());
    EXPECT_EQ(failed.error().code(), Errc::not_found);
    EXPECT_EQ(log().figures().value().waiting, 2);
    acknowledge(ids);
    EXPECT_EQ(log().figures().value().waiting, 0);
    EXPECT_EQ(log().find(ids[0]).value()->receipt, "receipt of " + ids[0].str());
    EXPECT_EQ(log().find(ids[0]).value()->state, UploadState::sent);
}

TEST_F(EvidenceLogTest, TheFirstReceiptOfABundleStays) {
    const auto id = append();
    acknowledge({id});
    ASSERT_TRUE(log().acknowledge({{id, "another"}}).has_value());
    EXPECT_EQ(log().find(id).value()->receipt, "receipt of " + id.str());
    EXPECT_EQ(log().figures().value().waiting, 0);
}

TEST_F(EvidenceLogTest, AQuarantinedBundleStepsAsideUntilItIsRetried) {
    const auto ids = append_many(3);
    ASSERT_TRUE(log().quarantine(ids[0], "422 malformed").has_value());
    EXPECT_EQ(log().next_waiting(0).value()->bundle.bundle_id, ids[1]);
    auto figures = log().figures().value();
    EXPECT_EQ(figures.waiting, 2);
    EXPECT_EQ(figures.quarantined, 1);
    const auto queued = log().queued(10).value();
    ASSERT_EQ(queued.size(), 3U);
    EXPECT_EQ(queued[0].quarantined_for, "422 malformed");
    EXPECT_THAT(queued[0].bundle.bytes, ::testing::IsEmpty());
    EXPECT_EQ(log().quarantine(ids[0], "again").error().code(), Errc::not_found);

    EXPECT_EQ(log().retry(BundleId{"unknown"}).value(), 0);
    EXPECT_EQ(log().retry(ids[0]).value(), 1);
    EXPECT_EQ(log().next_waiting(0).value()->bundle.bundle_id, ids[0]);
    EXPECT_FALSE(log().find(ids[0]).value()->quarantined_for);
    ASSERT_TRUE(log().quarantine(ids[1], "a").has_value());
    ASSERT_TRUE(log().quarantine(ids[2], "b").has_value());
    EXPECT_EQ(log().retry(std::nullopt).value(), 2);
    figures = log().figures().value();
    EXPECT_EQ(figures.waiting, 3);
    EXPECT_EQ(figures.quarantined, 0);
}

TEST_F(EvidenceLogTest, TheFiguresNameTheOldestThatWaits) {
    EXPECT_FALSE(log().figures().value().oldest);
    const auto first = append("encryption", noon);
    append("encryption", noon + std::chrono::hours{1});
    EXPECT_EQ(log().figures().value().oldest, noon);
    acknowledge({first});
    EXPECT_EQ(log().figures().value().oldest, noon + std::chrono::hours{1});
}

TEST_F(EvidenceLogTest, TheListIsNewestFirstAndGoesOnBefore) {
    const auto ids = append_many(5);
    const auto page = log().list(0, 2).value();
    ASSERT_EQ(page.size(), 2U);
    EXPECT_EQ(page[0].bundle.bundle_id, ids[4]);
    const auto rest = log().list(page[1].position, 10).value();
    ASSERT_EQ(rest.size(), 3U);
    EXPECT_EQ(rest[2].bundle.bundle_id, ids[0]);
}

TEST_F(EvidenceLogTest, TheDueSelectionsUseTheirPartialIndexes) {
    auto database = Database::open(folder.path() / "state.db", OpenMode::existing, state_schema());
    ASSERT_TRUE(database.has_value()) << database.error().message();
    auto plan = database.value().prepare(
        "EXPLAIN QUERY PLAN SELECT bytes FROM bundles INDEXED BY bundles_waiting "
        "WHERE state = 0 AND position > 7 ORDER BY position LIMIT 1");
    ASSERT_TRUE(plan.value().step().value());
    EXPECT_THAT(plan.value().text(3), HasSubstr("INDEX bundles_waiting (position>?)"));
    EXPECT_FALSE(plan.value().step().value());  // one step: no sorting
}

TEST_F(EvidenceLogTest, OnlyWhatIsReceiptedOldSupersededAndOutsideTheNewestIsPruned) {
    const auto later = noon + std::chrono::days{10};
    const auto firewall = append("firewall_baseline", noon);  // the latest of its check
    const auto old = append_many(4, noon);
    const auto young = append("encryption", later);
    const auto waiting = append("encryption", noon);
    acknowledge({firewall, old[0], old[1], old[2], old[3], young});
    // The newest two are `young` and `waiting`.
    EXPECT_EQ(log().prune(2, std::chrono::days{5}, later, 100).value(), 4);
    EXPECT_TRUE(log().find(firewall).value());
    EXPECT_TRUE(log().find(young).value());
    EXPECT_TRUE(log().find(waiting).value());
    EXPECT_FALSE(log().find(old[3]).value());
}

TEST_F(EvidenceLogTest, EachPruningRuleAloneKeepsABundle) {
    const auto later = noon + std::chrono::days{10};
    const auto ids = append_many(3, noon);
    EXPECT_EQ(log().prune(0, Duration{0}, later, 100).value(), 0) << "nothing has its receipt";
    acknowledge(ids);
    EXPECT_EQ(log().prune(3, Duration{0}, later, 100).value(), 0) << "all are among the newest";
    EXPECT_EQ(log().prune(0, std::chrono::days{10}, later, 100).value(), 0) << "exactly as old is not older";
    EXPECT_EQ(log().prune(0, std::chrono::days{9}, later, 1).value(), 1) << "at most one a call";
    EXPECT_EQ(log().prune(0, std::chrono::days{9}, later, 100).value(), 1) << "the head stays";
    EXPECT_EQ(log().head().value().sequence, 3);
    EXPECT_EQ(log().figures().value().receipted, 3);
}

TEST_F(EvidenceLogTest, AReceiptGoesWithItsPrunedBundle) {
    const auto ids = append_many(2, noon);
    acknowledge(ids);
    ASSERT_EQ(log().prune(0, Duration{0}, noon + Duration{1}, 9).value(), 1);
    EXPECT_EQ(log().figures().value().waiting, 0);
    EXPECT_EQ(log().next(0).value()->receipt, "receipt of " + ids[1].str());
}

}  // namespace
}  // namespace agent
