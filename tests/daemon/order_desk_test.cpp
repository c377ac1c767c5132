#include "daemon/desk_fixture.hpp"

namespace agent::testing {
namespace {

using OrderDeskTest = DeskFixture;

TEST_F(OrderDeskTest, CarriesOutASoundOrderAndRecordsIt) {
    EXPECT_EQ(offer(order("o-1")), Delivery::fresh);
    EXPECT_EQ(content(), "drifted\n") << "accepted, but not carried out yet";
    work();
    EXPECT_EQ(content(), "approved\n");
    const auto bundles = evidence();
    ASSERT_EQ(bundles.size(), 1U);
    EXPECT_EQ(text(bundles[0], "outcome"), "success");
    EXPECT_EQ(text(bundles[0], "order_id"), "o-1");
    EXPECT_EQ(text(bundles[0], "trigger"), "order");
    EXPECT_EQ(rings, 1);
}

TEST_F(OrderDeskTest, TellsThatAnOrderBeginsAndThatItHasEnded) {
    offer(order("o-1"));
    EXPECT_TRUE(progress.empty()) << "accepted, but not carried out yet";
    work();
    EXPECT_THAT(progress, ::testing::ElementsAre("o-1 begins", "ends"));
}

TEST_F(OrderDeskTest, TellsOfNoBeginningWhereNothingIsChanged) {
    auto plan = order("o-plan");
    plan.mode = OrderMode::plan;
    offer(plan);
    configure(HealingMode::off);
    offer(order("o-held"));
    work();
    EXPECT_THAT(progress, ::testing::Not(::testing::Contains(::testing::HasSubstr("begins"))));
}

TEST_F(OrderDeskTest, DoesNothingMoreWhenTheSamePayloadComesAgain) {
    const auto payload = order("o-1");
    offer(payload);
    work();
    folder.write("target", "drifted again\n");
    EXPECT_EQ(offer(payload), Delivery::known);
    work();
    EXPECT_EQ(content(), "drifted again\n");
    EXPECT_EQ(evidence().size(), 1U);
}

TEST_F(OrderDeskTest, DoesNothingMoreWhenTheSamePayloadComesAgainAfterItExpired) {
    const auto payload = order("o-1");
    offer(payload);
    work();
    time.advance(std::chrono::hours{2});
    EXPECT_EQ(offer(payload), Delivery::known);
    EXPECT_EQ(evidence().size(), 1U);
}

TEST_F(OrderDeskTest, RefusesAnotherPayloadWithTheSameNonce) {
    offer(order("o-1"));
    work();
    auto second = order("o-2");
    second.nonce = order("o-1").nonce;
    EXPECT_EQ(offer(second), Delivery::fresh);
    work();
    const auto bundles = evidence();
    ASSERT_EQ(bundles.size(), 2U);
    EXPECT_EQ(text(bundles[1], "outcome"), "rejected");
    EXPECT_THAT(text(bundles[1], "error"), ::testing::StartsWith("replayed: "));
}

TEST_F(OrderDeskTest, RecordsARefusedEnvelopeOnce) {
    const auto stranger = PrivateKey::generate().value();
    const auto envelope = signed_by(stranger, order("o-1"));
    EXPECT_EQ(offer("o-1", envelope), Delivery::fresh);
    EXPECT_EQ(offer("o-1", envelope), Delivery::known);
    const auto bundles = evidence();
    ASSERT_EQ(bundles.size(), 1U);
    EXPECT_THAT(text(bundles[0], "error"), ::testing::StartsWith("untrusted_key"));
    EXPECT_TRUE(bundles[0].find("order_id")->is_null()) << "nothing unsigned may name the order";
    EXPECT_EQ(content(), "drifted\n");
}

TEST_F(OrderDeskTest, AnOfferUnderAForeignIdDoesNotSpoilTheEnvelope) {
    const auto payload = order("o-1");
    const auto envelope = signed_by(order_key, payload);
    EXPECT_EQ(offer("somebody-elses", envelope), Delivery::fresh);
    EXPECT_EQ(offer("somebody-elses", envelope), Delivery::known);
    EXPECT_EQ(offer("o-1", envelope), Delivery::fresh);
    work();
    EXPECT_EQ(content(), "approved\n");
}

TEST_F(OrderDeskTest, RecordsAtMostSixtyUnsignedRefusalsAnHourAndCountsTheRest) {
    for (int i = 0; i < 65; ++i) offer("x", "no envelope " + std::to_string(i));
    EXPECT_EQ(evidence().size(), 60U);
    EXPECT_EQ(store->memory().refusal_count().value().unrecorded, 5);
    time.advance(std::chrono::hours{1});
    offer("x", "no envelope in the next hour");
    EXPECT_EQ(evidence().size(), 61U);
}

TEST_F(OrderDeskTest, RecordsAtMostSixtyUnsignedRefusalsInAnySpanOfAnHour) {
    offer("x", "the first");
    time.advance(std::chrono::minutes{59});
    for (int i = 0; i < 59; ++i) offer("x", "late in the hour " + std::to_string(i));
    EXPECT_EQ(evidence().size(), 60U);
    time.advance(std::chrono::minutes{1});  // the first is an hour old, the others a minute
    offer("x", "one more");
    offer("x", "and one too many");
    EXPECT_EQ(evidence().size(), 61U);
    EXPECT_EQ(store->memory().refusal_count().value().unrecorded, 1);
}

TEST_F(OrderDeskTest, AClockSetBackMakesNoRoomForUnsignedRefusals) {
    for (int i = 0; i < 60; ++i) offer("x", "no envelope " + std::to_string(i));
    time.wall -= std::chrono::minutes{30};
    offer("x", "after the clock was set back");
    EXPECT_EQ(evidence().size(), 60U);
}

TEST_F(OrderDeskTest, DefersInDryRunWithThePlanInEvidenceAndRunsWhenPolicyLetsIt) {
    configure(HealingMode::dry_run);
    offer(order("o-1"));
    work();
    EXPECT_EQ(content(), "drifted\n");
    auto bundles = evidence();
    ASSERT_EQ(bundles.size(), 1U);
    EXPECT_EQ(text(bundles[0], "outcome"), "deferred");
    EXPECT_THAT(text(bundles[0], "error"), ::testing::StartsWith("healing_disabled"));
    EXPECT_NE(bundles[0].find("plan")->object(), nullptr);
    configure(HealingMode::enforce);
    work();
    EXPECT_EQ(content(), "approved\n");
    bundles = evidence();
    ASSERT_EQ(bundles.size(), 2U);
    EXPECT_EQ(text(bundles[1], "outcome"), "success");
}

TEST_F(OrderDeskTest, ADeferredOrderEndsAsExpiredAtTheVeryMomentItsTimeIsUp) {
    configure(HealingMode::off);
    offer(order("o-1"));
    time.advance(Duration{899'999});
    work();
    EXPECT_EQ(evidence().size(), 1U);
    time.advance(Duration{1});
    work();
    const auto bundles = evidence();
    ASSERT_EQ(bundles.size(), 2U);
    EXPECT_EQ(text(bundles[1], "outcome"), "expired");
    configure(HealingMode::enforce);
    work();
    EXPECT_EQ(content(), "drifted\n");
}

TEST_F(OrderDeskTest, AHoldDefersAndResumingLetsItRun) {
    ASSERT_TRUE(store->memory().write_hold(time.wall + std::chrono::hours{4}).has_value());
    offer(order("o-1"));
    work();
    EXPECT_EQ(content(), "drifted\n");
    ASSERT_TRUE(store->memory().write_hold(std::nullopt).has_value());
    work();
    EXPECT_EQ(content(), "approved\n");
}

TEST_F(OrderDeskTest, ClosesWhatACrashLeftHalfDoneAndNeverRunsIt) {
    const auto payload = order("o-1");
    offer(payload);  // accepted and durable, then the process dies
    open();
    work();
    EXPECT_EQ(content(), "drifted\n");
    const auto bundles = evidence();
    ASSERT_EQ(bundles.size(), 1U);
    EXPECT_EQ(text(bundles[0], "outcome"), "failed");
    EXPECT_THAT(text(bundles[0], "error"), ::testing::HasSubstr("interrupted"));
    EXPECT_EQ(offer(payload), Delivery::known);
    open();
    work();
    EXPECT_EQ(evidence().size(), 1U);
}

TEST_F(OrderDeskTest, APlanOrderReportsAndChangesNothingEvenWhenHealingIsOff) {
    configure(HealingMode::off);
    auto payload = order("o-1");
    payload.mode = OrderMode::plan;
    offer(payload);
    work();
    EXPECT_EQ(content(), "drifted\n");
    const auto bundles = evidence();
    ASSERT_EQ(bundles.size(), 1U);
    EXPECT_EQ(text(bundles[0], "outcome"), "success");
    EXPECT_FALSE(text(*bundles[0].find("plan"), "sha256").empty());
}

TEST_F(OrderDeskTest, AnOrderThatQuotesAPlanRunsOnlyWhileTheHostIsAsPlanned) {
    auto plan = order("o-plan");
    plan.mode = OrderMode::plan;
    offer(plan);
    work();
    const auto sha256 = text(*evidence()[0].find("plan"), "sha256");
    folder.write("target", "drifted elsewhere meanwhile\n");
    auto stale = order("o-stale");
    stale.plan_sha256 = sha256;
    offer(stale);
    work();
    EXPECT_EQ(content(), "drifted elsewhere meanwhile\n");
    EXPECT_THAT(text(evidence()[1], "error"), ::testing::StartsWith("plan_changed"));
    folder.write("target", "drifted\n");
    auto good = order("o-good");
    good.plan_sha256 = sha256;
    offer(good);
    work();
    EXPECT_EQ(content(), "approved\n");
}

TEST_F(OrderDeskTest, AClockSetBackRevivesNoExpiredOrder) {
    offer(order("o-1"));
    work();
    const auto old = order("o-old");
    time.advance(std::chrono::hours{1});
    offer(order("o-new"));  // its signed issue time moves the mark
    work();
    open();
    time.wall -= std::chrono::hours{1};
    offer(old);
    work();
    const auto bundles = evidence();
    EXPECT_EQ(text(bundles.back(), "outcome"), "expired");
}

TEST_F(OrderDeskTest, AClockFarBehindTheMarkDefersWhatIsStillValid) {
    time.advance(std::chrono::hours{1});
    offer(order("o-1"));
    work();
    auto fresh = order("o-2");
    time.wall -= Duration{30'001};
    offer(fresh);
    work();
    const auto bundles = evidence();
    ASSERT_EQ(bundles.size(), 2U);
    EXPECT_EQ(text(bundles[1], "outcome"), "deferred");
    EXPECT_THAT(text(bundles[1], "error"), ::testing::StartsWith("clock_untrusted"));
}

TEST_F(OrderDeskTest, RefusesOrdersFromBeforeALostLedger) {
    offer(order("o-1"));
    const auto earlier = order("o-earlier");
    folder.write("state/state.db", std::string(8192, 'x'));
    desk.reset();
    recorder.reset();
    guard.reset();
    store.reset();
    folder.write("state/state.db", std::string(8192, 'x'));
    time.advance(Duration{1'000});
    open();
    offer(earlier);
    work();
    EXPECT_EQ(content(), "drifted\n");
    const auto bundles = evidence();
    ASSERT_EQ(bundles.size(), 1U);
    EXPECT_THAT(text(bundles[0], "error"), ::testing::StartsWith("replayed"));
    time.advance(limits::issued_ahead);  // as far ahead as an order could have been issued before the loss
    offer(order("o-later"));
    work();
    EXPECT_EQ(content(), "approved\n");
}

TEST_F(OrderDeskTest, RefusesAnOrderThatQuotesAPlanWhereNoPlanCanBeMadeAndGoesOn) {
    std::filesystem::remove(target);
    std::filesystem::create_directory(target);
    auto quoting = order("o-1");
    quoting.plan_sha256 = std::string(64, 'a');
    EXPECT_EQ(offer(quoting), Delivery::fresh);
    const auto bundles = evidence();
    ASSERT_EQ(bundles.size(), 1U);
    EXPECT_THAT(text(bundles[0], "error"), ::testing::StartsWith("plan_changed: no plan can be made"));
    EXPECT_EQ(offer(quoting), Delivery::known);
}

TEST_F(OrderDeskTest, AnEarlierOrderOfTheSameAnswerVoidsThePlanThatALaterOneQuotes) {
    auto plan = order("o-plan");
    plan.mode = OrderMode::plan;
    offer(plan);
    work();
    auto quoting = order("o-2");
    quoting.plan_sha256 = text(*evidence()[0].find("plan"), "sha256");
    offer(order("o-1"));
    offer(quoting);
    work();
    const auto bundles = evidence();
    ASSERT_EQ(bundles.size(), 3U);
    EXPECT_EQ(text(bundles[1], "outcome"), "success");
    EXPECT_EQ(text(bundles[2], "outcome"), "rejected");
    EXPECT_THAT(text(bundles[2], "error"), ::testing::StartsWith("plan_changed"));
}

TEST_F(OrderDeskTest, EveryOfTheFifteenGatesIsInTheEvidenceOfAnOrderThatRan) {
    offer(order("o-1"));
    work();
    const auto bundles = evidence();
    const auto* gates = bundles.at(0).find("order")->find("gates")->array();
    ASSERT_EQ(gates->size(), 15U);
    EXPECT_EQ(text(gates->front(), "gate"), "too_large");
    EXPECT_EQ(text(gates->at(5), "gate"), "malformed_payload");
    EXPECT_EQ(text(gates->back(), "gate"), "plan_changed");
    for (const auto& gate : *gates) EXPECT_EQ(text(gate, "verdict"), "pass");
}

TEST_F(OrderDeskTest, ForeignIdsForOneEnvelopeAreToldOfOnce) {
    const auto envelope = signed_by(order_key, order("o-1"));
    offer("foreign-1", envelope);
    EXPECT_EQ(offer("foreign-2", envelope), Delivery::known);
    EXPECT_EQ(evidence().size(), 1U);
}

}  // namespace
}  // namespace agent::testing
