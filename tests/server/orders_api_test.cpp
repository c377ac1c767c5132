#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/service_fixture.hpp"

namespace agent::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OrdersApi : public ServiceFixture {};

TEST_F(OrdersApi, AcceptsASignedOrderAndOffersItsBytesToItsHostAlone) {
    const auto envelope = envelope_of(an_order("o-1"));
    const auto reply = submit("\n " + envelope + "\r\n");
    EXPECT_EQ(reply.response.status, 201);
    EXPECT_EQ(text(json(reply), "order_id"), "o-1");
    ASSERT_TRUE(reply.wake.has_value());
    EXPECT_EQ(reply.wake->host_id.str(), "srv-01");
    EXPECT_THAT(pending().response.body, ::testing::HasSubstr("\"envelope\":" + envelope + ","));
    EXPECT_THAT(offered("", host_caller("srv-02")), IsEmpty());
    EXPECT_THAT(offered("", host_caller("srv-01", "clinic-002")), IsEmpty());
}

TEST_F(OrdersApi, AnswersTheSameEnvelopeAgainWith200HoweverItIsLaidOut) {
    const auto envelope = envelope_of(an_order("o-1"));
    ASSERT_EQ(submit(envelope).response.status, 201);
    const auto again = submit(write_json_pretty(parse_json(envelope).value()));
    EXPECT_EQ(again.response.status, 200);
    EXPECT_FALSE(again.wake.has_value());
    EXPECT_THAT(offered(), ElementsAre("o-1"));
}

TEST_F(OrdersApi, RefusesAnotherEnvelopeUnderAKnownId) {
    ASSERT_EQ(submit(envelope_of(an_order("o-1"))).response.status, 201);
    EXPECT_EQ(reason(submit(envelope_of(an_order("o-1")))), "409 order_exists");
}

TEST_F(OrdersApi, NamesTheGateThatRefusesAnOrder) {
    EXPECT_EQ(reason(submit("{}")), "422 malformed");
    const auto stranger_key = PrivateKey::generate().value();
    EXPECT_EQ(reason(submit(sign_envelope(write_order(an_order("o-1")), stranger_key))), "422 untrusted_key");
    const auto payload = write_order(an_order("o-1"));
    const auto wrong = text_of_signature(order_key.sign("something else"));
    EXPECT_EQ(
        reason(submit(write_envelope(order_payload_type, payload, {{order_key.public_key().key_id().str(), wrong}}))),
        "422 bad_signature");
    EXPECT_EQ(reason(submit(sign_envelope("{}", order_key))), "422 malformed");

    auto order = an_order("o-1");
    order.ttl_seconds = 86'401;
    EXPECT_EQ(reason(submit(envelope_of(order))), "422 ttl_out_of_range");
    order = an_order("o-1");
    order.issued_at = time.wall + std::chrono::milliseconds{30'001};
    EXPECT_EQ(reason(submit(envelope_of(order))), "422 not_yet_valid");
    order = an_order("o-1");
    order.issued_at = time.wall - std::chrono::seconds{900};
    EXPECT_EQ(reason(submit(envelope_of(order))), "422 expired");
    EXPECT_EQ(reason(send(operator_caller(), "POST", "/api/orders", std::string(64 * 1024 + 1, ' '))), "422 too_large");
    EXPECT_THAT(offered(), IsEmpty());
}

TEST_F(OrdersApi, OffersOldestFirstAndSaysWhereTheLimitCut) {
    for (const auto* id : {"o-3", "o-1", "o-2"}) ASSERT_EQ(submit(envelope_of(an_order(id))).response.status, 201);
    EXPECT_THAT(offered(), ElementsAre("o-3", "o-1", "o-2"));
    EXPECT_THAT(offered("&limit=2"), ElementsAre("o-3", "o-1"));
    EXPECT_EQ(text(json(pending("&limit=2")), "more"), "true");
    EXPECT_EQ(text(json(pending("&limit=3")), "more"), "false");
    EXPECT_THAT(offered("&limit=0"), ElementsAre("o-3"));
    EXPECT_THAT(offered("&limit=99999999999999999999"), ElementsAre("o-3", "o-1", "o-2"));
    EXPECT_EQ(reason(pending("&limit=two")), "400 malformed");
    EXPECT_EQ(reason(pending("&wait=soon")), "400 malformed");
}

TEST_F(OrdersApi, StopsOfferingAtTheVeryMomentOfExpiry) {
    ASSERT_EQ(submit(envelope_of(an_order("o-1"))).response.status, 201);
    time.advance(std::chrono::seconds{900} - Duration{1});
    EXPECT_THAT(offered(), ElementsAre("o-1"));
    EXPECT_EQ(text(status_of_order("o-1"), "status"), "pending");
    time.advance(Duration{1});
    EXPECT_THAT(offered(), IsEmpty());
    EXPECT_EQ(text(status_of_order("o-1"), "status"), "expired");
    EXPECT_EQ(text(status_of_order("o-1"), "reason"), "expired");
}

TEST_F(OrdersApi, HoldsAnEmptyPollForTheTimeAskedAtMostAMinute) {
    EXPECT_FALSE(pending().hold.has_value());
    EXPECT_EQ(pending("&wait=25").hold, Duration{25'000});
    EXPECT_EQ(pending("&wait=600").hold, Duration{60'000});
    EXPECT_FALSE(pending("&wait=-1").hold.has_value());
    ASSERT_EQ(submit(envelope_of(an_order("o-1"))).response.status, 201);
    EXPECT_FALSE(pending("&wait=25").hold.has_value());
}

TEST_F(OrdersApi, APollForAnotherHostIsAMismatch) {
    const auto poll = [this](const std::string& query) {
        return reason(send(host_caller(), "GET", "/api/orders/pending" + query));
    };
    EXPECT_EQ(poll("?site_id=clinic-001&host_id=srv-01&colour=red&limit=&wait="), "200 (absent)");
    for (const auto* query : {"", "?site_id=clinic-001", "?host_id=srv-01", "?site_id=&host_id=srv-01",
                              "?site_id=clinic-001&host_id=srv-02", "?site_id=clinic-002&host_id=srv-01",
                              "?site_id=clinic-001&host_id=srv-01&host_id=srv-02"})
        EXPECT_EQ(poll(query), "403 identity_mismatch") << query;
}

TEST_F(OrdersApi, KeepsStatusCallsToTheOrdersAudience) {
    ASSERT_EQ(submit(envelope_of(an_order("o-1"))).response.status, 201);
    EXPECT_EQ(text(status_of_order("o-1", host_caller()), "status"), "pending");
    EXPECT_EQ(reason(send(host_caller("srv-02"), "GET", "/api/orders/o-1/status")), "403 forbidden");
    EXPECT_EQ(reason(send(operator_caller(), "GET", "/api/orders/o-9/status")), "404 not_found");
    const std::string executing = R"({"status":"executing"})";
    EXPECT_EQ(reason(send(host_caller("srv-02"), "POST", "/api/orders/o-1/status", executing)), "403 forbidden");
    EXPECT_EQ(reason(send(operator_caller(), "POST", "/api/orders/o-1/status", executing)), "403 forbidden");
    EXPECT_EQ(reason(send(host_caller(), "POST", "/api/orders/o-9/status", executing)), "404 not_found");
    for (const auto* body : {"", "{}", R"({"status":"completed"})", R"({"status":"executing","x":1})"})
        EXPECT_EQ(reason(send(host_caller(), "POST", "/api/orders/o-1/status", body)), "400 malformed") << body;
    const auto reply = send(host_caller(), "POST", "/api/orders/o-1/status", executing);
    EXPECT_EQ(reply.response.status, 204);
    EXPECT_EQ(reply.response.body, "");
    EXPECT_EQ(text(status_of_order("o-1"), "status"), "executing");
    EXPECT_THAT(offered(), ElementsAre("o-1"));
}

TEST_F(OrdersApi, TakesTheFinalStatusFromTheOrdersOwnBundle) {
    enrol(evidence_key);
    const auto order = an_order("o-1");
    ASSERT_EQ(submit(envelope_of(order)).response.status, 201);
    const auto bundle = bundle_about(order, Outcome::success);
    ASSERT_EQ(upload(bundle).response.status, 201);
    const auto status = status_of_order("o-1");
    EXPECT_EQ(text(status, "status"), "completed");
    EXPECT_EQ(text(status, "reason"), "null");
    EXPECT_EQ(text(status, "bundle_id"), bundle.bundle_id.str());
    EXPECT_EQ(text(status, "hosts"), "[]");
    EXPECT_THAT(offered(), IsEmpty());
    EXPECT_EQ(send(host_caller(), "POST", "/api/orders/o-1/status", R"({"status":"executing"})").response.status, 204);
    EXPECT_EQ(text(status_of_order("o-1"), "status"), "completed");
}

TEST_F(OrdersApi, IsNotMovedByABundleThatOnlyNamesTheOrder) {
    enrol(evidence_key);
    enrol(evidence_key, "srv-02");
    const auto order = an_order("o-1");
    ASSERT_EQ(submit(envelope_of(order)).response.status, 201);

    auto rubbish = bundle_about(order, Outcome::rejected, "malformed");
    rubbish.order->envelope = Value{};
    ASSERT_EQ(upload(rubbish).response.status, 201);
    auto unread = bundle_about(order, Outcome::rejected, "bad_signature");
    unread.order_id.reset();
    ASSERT_EQ(upload(unread).response.status, 201);
    const auto other = bundle_about(an_order("o-1"), Outcome::success);
    ASSERT_EQ(upload(other).response.status, 201);
    auto bystander = bundle_about(order, Outcome::success);
    bystander.host_id = HostId{"srv-02"};
    ASSERT_EQ(upload(bystander, host_caller("srv-02")).response.status, 201);
    EXPECT_EQ(text(status_of_order("o-1"), "status"), "pending");
    EXPECT_THAT(offered(), ElementsAre("o-1"));
}

TEST_F(OrdersApi, DeferralIsNotFinalAndTheFirstFinalStaysUnlessTheOrderWasCarriedOut) {
    enrol(evidence_key);
    const auto order = an_order("o-1");
    ASSERT_EQ(submit(envelope_of(order)).response.status, 201);
    ASSERT_EQ(upload(bundle_about(order, Outcome::deferred, "outside_maintenance_window: until 02:00")).response.status,
              201);
    EXPECT_EQ(text(status_of_order("o-1"), "status"), "deferred");
    EXPECT_EQ(text(status_of_order("o-1"), "reason"), "outside_maintenance_window");
    EXPECT_THAT(offered(), ElementsAre("o-1"));
    ASSERT_EQ(upload(bundle_about(order, Outcome::expired, "expired: held until its end")).response.status, 201);
    ASSERT_EQ(upload(bundle_about(order, Outcome::rejected, "replayed")).response.status, 201);
    EXPECT_EQ(text(status_of_order("o-1"), "status"), "expired");
    ASSERT_EQ(upload(bundle_about(order, Outcome::reverted)).response.status, 201);
    EXPECT_EQ(text(status_of_order("o-1"), "status"), "reverted");
    ASSERT_EQ(upload(bundle_about(order, Outcome::success)).response.status, 201);
    EXPECT_EQ(text(status_of_order("o-1"), "status"), "reverted");
}

TEST_F(OrdersApi, AnOrderForTheSiteIsAsFarAsItsLeastFinishedHost) {
    enrol(evidence_key);
    enrol(PrivateKey::generate().value(), "srv-02");
    auto order = an_order("o-1");
    order.host_id = HostId{"*"};
    ASSERT_EQ(submit(envelope_of(order)).response.status, 201);
    EXPECT_THAT(offered("", host_caller("srv-03")), ElementsAre("o-1"));
    EXPECT_THAT(offered("", host_caller("srv-01", "clinic-002")), IsEmpty());
    ASSERT_EQ(upload(bundle_about(order, Outcome::success)).response.status, 201);
    EXPECT_THAT(offered(), IsEmpty());
    EXPECT_THAT(offered("", host_caller("srv-02")), ElementsAre("o-1"));

    auto status = status_of_order("o-1");
    EXPECT_EQ(text(status, "status"), "pending");
    ASSERT_EQ(status.find("hosts")->array()->size(), 2U);
    EXPECT_EQ(text(status.find("hosts")->array()->at(0), "status"), "completed");
    EXPECT_EQ(text(status.find("hosts")->array()->at(1), "host_id"), "srv-02");
    EXPECT_EQ(text(status.find("hosts")->array()->at(1), "status"), "pending");

    time.advance(std::chrono::seconds{900});
    EXPECT_EQ(text(status_of_order("o-1"), "status"), "expired");
}

TEST_F(OrdersApi, AHostAddedAfterTheOrdersEndIsNotOfItsAudience) {
    enrol(evidence_key);
    auto order = an_order("o-1");
    order.host_id = HostId{"*"};
    ASSERT_EQ(submit(envelope_of(order)).response.status, 201);
    ASSERT_EQ(upload(bundle_about(order, Outcome::success)).response.status, 201);
    time.advance(std::chrono::seconds{900});
    enrol(evidence_key, "srv-02");
    EXPECT_EQ(text(status_of_order("o-1"), "status"), "completed");
    EXPECT_EQ(status_of_order("o-1").find("hosts")->array()->size(), 1U);
}

TEST_F(OrdersApi, ARestartForgetsNothing) {
    const auto envelope = envelope_of(an_order("o-1"));
    ASSERT_EQ(submit(envelope).response.status, 201);
    ASSERT_EQ(send(host_caller(), "POST", "/api/orders/o-1/status", R"({"status":"executing"})").response.status, 204);
    start();
    EXPECT_EQ(submit(envelope).response.status, 200);
    EXPECT_THAT(offered(), ElementsAre("o-1"));
    EXPECT_EQ(text(status_of_order("o-1"), "status"), "executing");
}

}  // namespace
}  // namespace agent::testing
