// Gates 7 to 15, their boundaries and their order.
#include <limits>

#include "order_fixture.hpp"

namespace agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Gates : public testing::OrderFixture {};

TEST_F(Gates, PassASoundOrderAndSayWhyAtEachOfThem) {
    const auto envelope = signed_order(sound_order());
    auto decision = decide(envelope, "order-1");
    auto* order = std::get_if<PassedOrder>(&decision);
    ASSERT_NE(order, nullptr);
    EXPECT_THAT(testing::words_of(order->gates),
                ElementsAre("too_large", "malformed", "untrusted_key", "bad_signature", "threshold_not_met",
                            "malformed_payload", "wrong_audience", "ttl_out_of_range", "not_yet_valid", "expired",
                            "replayed", "unknown_runbook", "key_not_permitted", "bad_params"));
    for (const auto& entry : order->gates) EXPECT_NE(entry.detail, "") << to_string(entry.gate);
    EXPECT_EQ(order->order.payload().order_id, OrderId{"order-1"});
    EXPECT_EQ(order->order.envelope().payload, write_order(sound_order()));
    EXPECT_THAT(order->order.verified_by(), ElementsAre(alice.public_key().key_id()));
}

TEST_F(Gates, TakeAnOrderForEveryHostOfTheSite) {
    auto order = sound_order();
    order.host_id = HostId{"*"};
    EXPECT_TRUE(passes(signed_order(order)));
}

TEST_F(Gates, RefuseAnOrderForAnotherSiteOrHost) {
    auto for_host = sound_order();
    for_host.host_id = HostId{"SRV-01"};
    auto for_site = sound_order();
    for_site.site_id = SiteId{"clinic-002"};
    for_site.host_id = HostId{"*"};
    for (const auto& order : {for_host, for_site}) {
        const auto refused = refusal(signed_order(order));
        EXPECT_EQ(reason_of(refused), "wrong_audience");
        EXPECT_EQ(testing::words_of(refused.gates).back(), "!wrong_audience");
        EXPECT_EQ(refused.gates.size(), 7U);
        ASSERT_TRUE(refused.payload);
        EXPECT_EQ(refused.payload->order_id, OrderId{"order-1"});
        EXPECT_FALSE(refused.envelope.is_null());
        EXPECT_TRUE(refused.held_against_envelope);
    }
}

TEST_F(Gates, TakeATtlFromOneMinuteToTheConfiguredMaximum) {
    max_ttl_seconds = 3600;
    auto order = sound_order();
    for (const auto ttl : {60, 3600}) {
        order.ttl_seconds = ttl;
        EXPECT_TRUE(passes(signed_order(order))) << ttl;
    }
    for (const auto ttl : {std::int64_t{59}, std::int64_t{3601}, std::int64_t{0}, std::int64_t{-1},
                           std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
        order.ttl_seconds = ttl;
        EXPECT_EQ(reason_of(refusal(signed_order(order))), "ttl_out_of_range") << ttl;
    }
}

TEST_F(Gates, TakeAnOrderIssuedAtMostThirtySecondsAheadToTheVeryTick) {
    auto order = sound_order();
    order.issued_at = now + seconds{30};
    EXPECT_TRUE(passes(signed_order(order)));
    order.issued_at += milliseconds{1};
    EXPECT_EQ(reason_of(refusal(signed_order(order))), "not_yet_valid");
}

TEST_F(Gates, RefuseAnOrderAtTheVeryMomentItExpires) {
    const auto envelope = signed_order(sound_order());
    EXPECT_TRUE(passes(envelope, now + seconds{900} - milliseconds{1}));
    const auto refused = refusal(envelope, std::nullopt, now + seconds{900});
    EXPECT_EQ(reason_of(refused), "expired");
    EXPECT_THAT(refused.gates.back().detail, HasSubstr("2023-11-14T22:28:20.000Z"));
}

TEST_F(Gates, RefuseAReplayAndSayWhatIsNotNew) {
    familiarity = Familiarity::replayed;
    const auto refused = refusal(signed_order(sound_order()));
    EXPECT_EQ(reason_of(refused), "replayed");
    EXPECT_THAT(refused.gates.back().detail, AllOf(HasSubstr("order-1"), HasSubstr(sound_order().nonce)));
}

TEST_F(Gates, RefuseWhatWasIssuedBeforeTheLedgerWasLostToTheVeryTick) {
    questions.orders_not_before = now;
    EXPECT_TRUE(passes(signed_order(sound_order())));
    questions.orders_not_before = now + milliseconds{1};
    const auto refused = refusal(signed_order(sound_order()));
    EXPECT_EQ(reason_of(refused), "replayed");
    EXPECT_THAT(refused.gates.back().detail, HasSubstr("was lost"));
}

TEST_F(Gates, KnowAHandledPayloadWhateverItsSignaturesAndHoweverLate) {
    trust(bob);
    familiarity = Familiarity::handled;
    const auto payload = write_order(sound_order());
    for (const auto& envelope : {envelope_of(payload, {&alice}), envelope_of(payload, {&bob}),
                                 envelope_of(payload, {&bob, &alice, &mallory})}) {
        const auto decision = decide(envelope, std::nullopt, now + seconds{100'000});
        const auto* handled = std::get_if<AlreadyHandled>(&decision);
        ASSERT_NE(handled, nullptr);
        EXPECT_EQ(handled->order_id, OrderId{"order-1"});
    }
}

TEST_F(Gates, AskTheLedgerAboutTheReceivedBytes) {
    const auto payload = ' ' + write_order(sound_order());
    std::string asked;
    questions.familiarity = [&asked](const OrderPayload&, std::string_view bytes) -> Result<Familiarity> {
        asked = bytes;
        return Familiarity::unknown;
    };
    EXPECT_TRUE(passes(envelope_of(payload, {&alice})));
    EXPECT_EQ(asked, payload);
}

TEST_F(Gates, DecideNothingWhereTheLedgerCannotBeRead) {
    questions.familiarity = [](const OrderPayload&, std::string_view) -> Result<Familiarity> {
        return Error{Errc::storage, "disk I/O error"};
    };
    const OrderGates gates{{SiteId{"clinic-001"}, HostId{"srv-01"}, &keyring, max_ttl_seconds}};
    const auto decision = gates.decide(signed_order(sound_order()), std::nullopt, now, questions);
    ASSERT_TRUE(decision.has_error());
    EXPECT_EQ(decision.error().code(), Errc::storage);
    EXPECT_THAT(decision.error().message(), AllOf(HasSubstr("order-1"), HasSubstr("disk I/O error")));
}

TEST_F(Gates, RefuseARunbookThatIsNotThere) {
    questions.runbook_known = [](const RunbookId& id) {
        return std::optional{GateEntry{Gate::unknown_runbook, Verdict::refuse, "no runbook " + id.str()}};
    };
    const auto refused = refusal(signed_order(sound_order()));
    EXPECT_EQ(reason_of(refused), "unknown_runbook");
    EXPECT_EQ(refused.gates.back().detail, "no runbook RB-TEST");
}

TEST_F(Gates, RefuseAKeyThatMayNotOrderTheRunbook) {
    keyring.keys.front().runbooks = {"RB-OTHER", "RB-TEST-2", "RB-"};
    EXPECT_EQ(reason_of(refusal(signed_order(sound_order()))), "key_not_permitted");
    keyring.keys.front().runbooks = {"RB-OTHER", "RB-TEST"};
    EXPECT_TRUE(passes(signed_order(sound_order())));
    keyring.keys.front().runbooks = {};
    EXPECT_EQ(reason_of(refusal(signed_order(sound_order()))), "key_not_permitted");
}

TEST_F(Gates, WantThresholdKeysThatMayOrderTheRunbook) {
    trust(bob).runbooks = {"RB-OTHER"};
    keyring.threshold = 2;
    const auto payload = write_order(sound_order());
    EXPECT_EQ(reason_of(refusal(envelope_of(payload, {&alice, &bob}))), "key_not_permitted");
    keyring.keys.back().runbooks = {"RB-TEST"};
    EXPECT_TRUE(passes(envelope_of(payload, {&alice, &bob})));
}

TEST_F(Gates, CountNoPermissionOfAPeriodThatIsOver) {
    keyring.keys.front().runbooks = {"RB-OTHER"};
    auto& old = trust(alice);
    old.runbooks = {"RB-TEST"};
    old.not_after = now - milliseconds{1};
    EXPECT_EQ(reason_of(refusal(signed_order(sound_order()))), "key_not_permitted");
    keyring.keys.back().not_after = now;
    EXPECT_TRUE(passes(signed_order(sound_order())));
}

TEST_F(Gates, RefuseParametersThatDoNotFit) {
    auto order = sound_order();
    order.params = Value::object({{"unit", "sshd.service"}});
    questions.params_fit = [&order](const RunbookId& id, const Value& params) {
        EXPECT_EQ(id, order.runbook_id);
        EXPECT_EQ(params, order.params);
        return std::optional{GateEntry{Gate::bad_params, Verdict::refuse, "unit: not one of these"}};
    };
    const auto refused = refusal(signed_order(order));
    EXPECT_EQ(reason_of(refused), "bad_params");
    EXPECT_EQ(refused.gates.size(), 14U);
}

// Each order fails the gate named and, as far as that is possible, all behind it.
TEST_F(Gates, StopAtTheFirstThatRefuses) {
    trust(bob);
    questions.runbook_known = [](const RunbookId&) {
        return std::optional{GateEntry{Gate::unknown_runbook, Verdict::refuse, "unknown"}};
    };
    questions.params_fit = [](const RunbookId&, const Value&) {
        return std::optional{GateEntry{Gate::bad_params, Verdict::refuse, "bad"}};
    };
    familiarity = Familiarity::replayed;
    keyring.keys.front().runbooks = {};

    auto order = sound_order();
    order.host_id = HostId{"other"};
    order.ttl_seconds = 1;
    order.issued_at = now + seconds{31};
    EXPECT_EQ(refusal(signed_order(order)).gate, Gate::wrong_audience);
    order.host_id = HostId{"srv-01"};
    EXPECT_EQ(refusal(signed_order(order)).gate, Gate::ttl_out_of_range);
    order.ttl_seconds = 60;
    EXPECT_EQ(refusal(signed_order(order)).gate, Gate::not_yet_valid);
    order.issued_at = now - seconds{60};
    EXPECT_EQ(refusal(signed_order(order)).gate, Gate::expired);
    order.issued_at = now;
    EXPECT_EQ(refusal(signed_order(order)).gate, Gate::replayed);
    familiarity = Familiarity::unknown;
    EXPECT_EQ(refusal(signed_order(order)).gate, Gate::unknown_runbook);
    questions.runbook_known = [](const RunbookId&) { return std::optional<GateEntry>{}; };
    EXPECT_EQ(refusal(signed_order(order)).gate, Gate::key_not_permitted);
    keyring.keys.front().runbooks = {"*"};
    EXPECT_EQ(refusal(signed_order(order)).gate, Gate::bad_params);

    // A broken signature comes before a threshold not met, and that before a payload that is none.
    keyring.threshold = 2;
    EXPECT_EQ(refusal(write_envelope(order_payload_type, "rubbish", {{id_of(bob), "x"}})).gate, Gate::bad_signature);
    EXPECT_EQ(refusal(envelope_of("rubbish", {&alice})).gate, Gate::threshold_not_met);
    EXPECT_EQ(refusal(envelope_of("rubbish", {&alice, &bob})).gate, Gate::malformed_payload);
}

TEST_F(Gates, HoldAnOrderToThePlanItQuotes) {
    auto order = sound_order();
    EXPECT_EQ(judge_plan(order, "abc").verdict, Verdict::pass);
    order.plan_sha256 = "abc";
    EXPECT_EQ(judge_plan(order, "abc").verdict, Verdict::pass);
    const auto changed = judge_plan(order, "abd");
    EXPECT_EQ(changed.gate, Gate::plan_changed);
    EXPECT_EQ(changed.verdict, Verdict::refuse);
    EXPECT_THAT(changed.detail, AllOf(HasSubstr("abc"), HasSubstr("abd")));
    order.mode = OrderMode::plan;
    EXPECT_EQ(judge_plan(order, "abd").verdict, Verdict::pass);
}

TEST_F(Gates, OfAServerLookAtTheTimesInOrder) {
    auto order = sound_order();
    EXPECT_FALSE(judge_times(order, 86'400, now));
    order.ttl_seconds = std::numeric_limits<std::int64_t>::min();
    order.issued_at = now + seconds{31};
    EXPECT_EQ(judge_times(order, 86'400, now)->gate, Gate::ttl_out_of_range);
    order.ttl_seconds = 86'400;
    EXPECT_EQ(judge_times(order, 86'400, now)->gate, Gate::not_yet_valid);
    order.issued_at = now - seconds{86'400};
    EXPECT_EQ(judge_times(order, 86'400, now)->gate, Gate::expired);
    order.issued_at += milliseconds{1};
    EXPECT_FALSE(judge_times(order, 86'400, now));
    order.ttl_seconds = 86'401;
    EXPECT_EQ(judge_times(order, 86'400, now)->gate, Gate::ttl_out_of_range);
}

}  // namespace
}  // namespace agent
