#include "store/order_ledger.hpp"

#include "base/encoding.hpp"
#include "codec/envelope.hpp"
#include "codec/order_codec.hpp"
#include "model/limits.hpp"
#include "state_fixture.hpp"

namespace agent {

// Stands where the gates stand in the program: nothing else can make a VerifiedOrder.
class OrderGates {
public:
    static VerifiedOrder pass(SignedEnvelope envelope, OrderPayload payload) {
        return VerifiedOrder{VerifiedOrder::Passkey{}, std::move(envelope), std::move(payload), {}};
    }
};

namespace {

using testing::noon;
using testing::open_state;

OrderPayload order(std::string id, std::string nonce = std::string(32, 'a')) {
    OrderPayload payload;
    payload.order_id = OrderId{std::move(id)};
    payload.site_id = SiteId{"clinic-001"};
    payload.host_id = HostId{"srv-01"};
    payload.runbook_id = RunbookId{"RB-TEST"};
    payload.params = Value::object({{"unit", "ssh.service"}});
    payload.nonce = std::move(nonce);
    payload.ttl_seconds = 900;
    payload.issued_at = noon;
    return payload;
}

VerifiedOrder verified(const OrderPayload& payload) {
    const auto json = write_envelope(order_payload_type, write_order(payload), {{"00", std::string(64, 's')}});
    auto envelope = parse_envelope(json);
    EXPECT_TRUE(envelope.has_value());
    return OrderGates::pass(std::move(envelope).value(), payload);
}

const std::vector<GateEntry> gates{{Gate::too_large, Verdict::pass, ""}, {Gate::expired, Verdict::pass, "in time"}};

class OrderLedgerTest : public testing::StateTest {
protected:
    OrderLedger& ledger() { return store->orders(); }
    Result<AdmittedOrder> accept(const OrderPayload& payload, std::optional<Gate> deferred_for = std::nullopt,
                                 WallTime now = noon) {
        const auto checked = verified(payload);
        AGENT_TRY(auto transaction, store->begin());
        AGENT_TRY(auto admitted, ledger().accept(transaction, checked, gates, now, deferred_for));
        AGENT_TRY(transaction.commit());
        return admitted;
    }
    Familiarity familiarity(const OrderPayload& payload) {
        return ledger().familiarity(payload.order_id, payload.nonce, write_order(payload)).value();
    }
    void close(const OrderId& id, WallTime now = noon) {
        auto transaction = store->begin().value();
        ASSERT_TRUE(ledger().close(transaction, id, "success", now).has_value());
        ASSERT_TRUE(transaction.commit().has_value());
    }
};

TEST_F(OrderLedgerTest, AnOrderIsUnknownThenHandled) {
    const auto one = order("o-1");
    EXPECT_EQ(familiarity(one), Familiarity::unknown);
    ASSERT_TRUE(accept(one).has_value());
    EXPECT_EQ(familiarity(one), Familiarity::handled);
    close(one.order_id);
    reopen();
    EXPECT_EQ(familiarity(one), Familiarity::handled);
}

TEST_F(OrderLedgerTest, AnotherPayloadWithTheNonceOrTheIdIsReplayed) {
    ASSERT_TRUE(accept(order("o-1")).has_value());
    EXPECT_EQ(familiarity(order("o-2")), Familiarity::replayed) << "same nonce";
    EXPECT_EQ(familiarity(order("o-1", std::string(32, 'b'))), Familiarity::replayed) << "same id";
    EXPECT_EQ(familiarity(order("o-2", std::string(32, 'b'))), Familiarity::unknown);
    const auto refused = accept(order("o-2"));
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code(), Errc::refused);
}

TEST_F(OrderLedgerTest, AnAcceptanceThatIsNotCommittedUsesUpNothing) {
    const auto one = order("o-1");
    {
        const auto checked = verified(one);
        auto transaction = store->begin().value();
        ASSERT_TRUE(ledger().accept(transaction, checked, gates, noon, std::nullopt).has_value());
    }
    EXPECT_EQ(familiarity(one), Familiarity::unknown);
}

TEST_F(OrderLedgerTest, TwoConnectionsAcceptAnOrderOnce) {
    auto other = open_state(folder.path(), OpenMode::existing);
    ASSERT_TRUE(accept(order("o-1")).has_value());
    const auto checked = verified(order("o-1"));
    auto transaction = other->begin().value();
    const auto second = other->orders().accept(transaction, checked, gates, noon, std::nullopt);
    ASSERT_TRUE(second.has_error());
    EXPECT_EQ(second.error().code(), Errc::refused);
}

TEST_F(OrderLedgerTest, AnOrderFoundExecutingIsInterrupted) {
    ASSERT_TRUE(accept(order("o-1")).has_value());
    reopen();
    const auto found = ledger().interrupted().value();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].state, LedgerState::executing);
    EXPECT_EQ(found[0].order.payload().order_id, OrderId{"o-1"});
    close(OrderId{"o-1"});
    EXPECT_TRUE(ledger().interrupted().value().empty());
}

TEST_F(OrderLedgerTest, ADeferredOrderIsRebuiltFromItsBytes) {
    const auto one = order("o-1");
    ASSERT_TRUE(accept(one, Gate::outside_maintenance_window).has_value());
    reopen();
    EXPECT_TRUE(ledger().interrupted().value().empty());
    const auto found = ledger().deferred().value();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].deferred_for, Gate::outside_maintenance_window);
    EXPECT_EQ(found[0].accepted_at, noon);
    EXPECT_EQ(found[0].order.gates(), gates);
    EXPECT_EQ(found[0].order.payload().params, one.params);
    EXPECT_EQ(found[0].order.payload().expires_at(), one.expires_at());
    EXPECT_EQ(*found[0].order.envelope_members().find("payload")->string(), base64_encode(bytes_of(write_order(one))));
}

TEST_F(OrderLedgerTest, DeferredOrdersComeOldestFirst) {
    ASSERT_TRUE(accept(order("late", std::string(32, '1')), Gate::healing_disabled, noon + Duration{5}).has_value());
    ASSERT_TRUE(accept(order("early", std::string(32, '2')), Gate::healing_disabled, noon).has_value());
    const auto found = ledger().deferred().value();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].order.payload().order_id.str(), "early");
}

TEST_F(OrderLedgerTest, ADeferredOrderStartsOnce) {
    ASSERT_TRUE(accept(order("o-1"), Gate::healing_disabled).has_value());
    {
        auto transaction = store->begin().value();
        ASSERT_TRUE(ledger().start(transaction, OrderId{"o-1"}, noon).has_value());
        EXPECT_EQ(ledger().start(transaction, OrderId{"o-1"}, noon).error().code(), Errc::not_found);
        ASSERT_TRUE(transaction.commit().has_value());
    }
    EXPECT_EQ(ledger().interrupted().value().size(), 1U);
    close(OrderId{"o-1"});
    auto transaction = store->begin().value();
    EXPECT_EQ(ledger().close(transaction, OrderId{"o-1"}, "success", noon).error().code(), Errc::not_found);
}

TEST_F(OrderLedgerTest, RefusalsAreRememberedOnce) {
    EXPECT_FALSE(ledger().was_refused("key").value());
    for (int i = 0; i < 2; ++i) {
        auto transaction = store->begin().value();
        ASSERT_TRUE(ledger().remember_refusal(transaction, "key", "expired", noon).has_value());
        ASSERT_TRUE(transaction.commit().has_value());
    }
    reopen();
    EXPECT_TRUE(ledger().was_refused("key").value());
    EXPECT_FALSE(ledger().was_refused("other").value());
}

TEST_F(OrderLedgerTest, TheOldestRefusalsBeyondAHundredThousandAreForgotten) {
    auto transaction = store->begin().value();
    for (int i = 0; i <= 100'000; ++i)
        ASSERT_TRUE(ledger().remember_refusal(transaction, std::to_string(i), "expired", noon).has_value());
    ASSERT_TRUE(ledger().prune(transaction, noon).has_value());
    EXPECT_FALSE(ledger().was_refused("0").value());
    EXPECT_TRUE(ledger().was_refused("1").value());
    EXPECT_TRUE(ledger().was_refused("100000").value());
}

TEST_F(OrderLedgerTest, AnAcceptedOrderIsForgottenOnlyAfterAYearAndItsTtl) {
    const auto one = order("o-1");
    auto lasting = order("o-2", std::string(32, 'b'));
    lasting.ttl_seconds = std::int64_t{400} * 86'400;
    ASSERT_TRUE(accept(one).has_value());
    ASSERT_TRUE(accept(lasting).has_value());
    close(one.order_id);
    close(lasting.order_id);
    const auto prune_at = [&](WallTime now) {
        auto transaction = store->begin().value();
        ASSERT_TRUE(ledger().prune(transaction, now).has_value());
        ASSERT_TRUE(transaction.commit().has_value());
    };
    prune_at(noon + limits::ledger_retention);
    EXPECT_EQ(familiarity(one), Familiarity::handled);
    prune_at(noon + limits::ledger_retention + Duration{1});
    EXPECT_EQ(familiarity(one), Familiarity::unknown);
    EXPECT_EQ(familiarity(lasting), Familiarity::handled) << "its TTL has not ended";
}

TEST_F(OrderLedgerTest, TellsWhatBecameOfAnAcceptedOrder) {
    EXPECT_FALSE(ledger().find(OrderId{"o-1"}).value());
    const auto one = order("o-1");
    ASSERT_TRUE(accept(one).has_value());
    auto entry = ledger().find(one.order_id).value();
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->state, LedgerState::executing);
    EXPECT_FALSE(entry->outcome);
    close(one.order_id);
    entry = ledger().find(one.order_id).value();
    EXPECT_EQ(entry->state, LedgerState::done);
    EXPECT_TRUE(entry->outcome);
}

}  // namespace
}  // namespace agent
