#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/log_throttle.hpp"
#include "server/multipart.hpp"
#include "server/order_progress.hpp"
#include "server/service_fixture.hpp"

namespace agent::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(RequestTargetTest, TakesPathAndQueryApartAndDecodesThem) {
    const auto target = parse_target("/api/a%2Fb/..?x=1&y=a+b%2B&flag&x=2").value();
    EXPECT_THAT(target.segments, ElementsAre("api", "a/b", ".."));
    EXPECT_THAT(target.query, ElementsAre(Pair("x", "1"), Pair("y", "a b+"), Pair("flag", ""), Pair("x", "2")));
    EXPECT_THAT(parse_target("https://server:8443/health").value().segments, ElementsAre("health"));
}

TEST(RequestTargetTest, RefusesWhatIsNoPath) {
    for (const auto* text : {"", "*", "health", "/%", "/%4", "/%zz", "/?x=%1"})
        EXPECT_TRUE(parse_target(text).has_error()) << text;
}

class EvidenceFormTest : public ::testing::Test {
protected:
    const std::string signature = std::string(64, 's');
    static std::string parse(const std::string& type, const std::string& body) {
        const auto form = parse_evidence_form(type, body);
        return form.has_value() ? std::string{form.value().bundle} : "refused";
    }
};

TEST_F(EvidenceFormTest, FindsBothPartsInEitherOrder) {
    const std::string bundle = "{\"a\":\"\r\n--xy\"}\r\n";
    EXPECT_EQ(parse("multipart/form-data; boundary=xyz", form_of(bundle, signature)), bundle);
    EXPECT_EQ(parse("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"x y\"", form_of(bundle, signature, "x y")), bundle);
    const auto swapped = "--b\r\ncontent-disposition: form-data; name=signature\r\n\r\n" + signature +
                         "\r\n--b\r\nContent-Disposition: form-data; name=\"bundle\"\r\n\r\n{}\r\n--b--";
    EXPECT_EQ(parse("multipart/form-data; boundary=b", swapped), "{}");
}

TEST_F(EvidenceFormTest, PassesOverWhatRfc2046Allows) {
    const std::string type = "multipart/form-data; boundary=xyz";
    const auto good = form_of("{}", signature);
    EXPECT_EQ(parse(type, "\r\n" + good), "{}");
    EXPECT_EQ(parse(type, "This is a message of many parts.\r\n" + good), "{}");
    EXPECT_EQ(parse(type, good + "tail"), "{}");
    const std::string other = "--xyz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n";
    EXPECT_EQ(parse(type, other + good), "{}");
    std::string many;
    for (int i = 0; i < 15; ++i) many += other;
    EXPECT_EQ(parse(type, many + good), "refused");
    const auto folded = "--xyz\r\nContent-Disposition: form-data;\r\n\tname=\"bundle\"\r\n\r\n{}\r\n" +
                        good.substr(good.find("--xyz", 1));
    EXPECT_EQ(parse(type, folded), "{}");
}

TEST_F(EvidenceFormTest, RefusesEverythingElse) {
    const std::string type = "multipart/form-data; boundary=xyz";
    const auto good = form_of("{}", signature);
    EXPECT_EQ(parse("", good), "refused");
    EXPECT_EQ(parse("application/json", good), "refused");
    EXPECT_EQ(parse("multipart/form-data", good), "refused");
    EXPECT_EQ(parse("multipart/form-data; boundary=abc", good), "refused");
    EXPECT_EQ(parse("multipart/form-data; boundary=\"xyz", good), "refused");
    EXPECT_EQ(parse(type, ""), "refused");
    EXPECT_EQ(parse(type, good.substr(0, good.size() - 2) + "tail"), "refused");
    for (std::size_t length = 0; length + 2 < good.size(); ++length)
        EXPECT_EQ(parse(type, good.substr(0, length)), "refused") << length;
    const std::string part = "--xyz\r\nContent-Disposition: form-data; name=\"bundle\"\r\n\r\n{}\r\n";
    EXPECT_EQ(parse(type, part + "--xyz--\r\n"), "refused");
    EXPECT_EQ(parse(type, part + part + "--xyz--\r\n"), "refused");
    EXPECT_EQ(parse(type, part + good), "refused");
    EXPECT_EQ(parse(type, form_of("{}", signature + "s")), "refused");
}

TEST(OrderProgressTest, WhatWasCarriedOutIsStrongerThanARefusal) {
    EXPECT_TRUE(supersedes(OrderStatus::executing, std::nullopt));
    EXPECT_TRUE(supersedes(OrderStatus::executing, OrderStatus::deferred));
    EXPECT_TRUE(supersedes(OrderStatus::rejected, OrderStatus::deferred));
    EXPECT_FALSE(supersedes(OrderStatus::executing, OrderStatus::rejected));
    EXPECT_FALSE(supersedes(OrderStatus::expired, OrderStatus::rejected));
    for (const auto done : {OrderStatus::completed, OrderStatus::failed, OrderStatus::reverted, OrderStatus::alert}) {
        EXPECT_TRUE(supersedes(done, OrderStatus::expired));
        EXPECT_TRUE(supersedes(done, OrderStatus::rejected));
        EXPECT_FALSE(supersedes(done, OrderStatus::completed));
        EXPECT_FALSE(supersedes(OrderStatus::rejected, done));
    }
}

TEST(OrderProgressTest, TheReasonIsTheFirstWordOfTheError) {
    EXPECT_EQ(reason_in(OrderStatus::rejected, "wrong_audience: for another host"), "wrong_audience");
    EXPECT_EQ(reason_in(OrderStatus::deferred, "healing_disabled"), "healing_disabled");
    EXPECT_EQ(reason_in(OrderStatus::rejected, " odd"), std::nullopt);
    EXPECT_EQ(reason_in(OrderStatus::rejected, std::nullopt), std::nullopt);
    EXPECT_EQ(reason_in(OrderStatus::failed, "interrupted"), std::nullopt);
}

TEST(HttpMessageTest, WritesDatesAsTheRfcDoes) {
    EXPECT_EQ(format_http_date(WallTime{std::chrono::seconds{784'111'777}}), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(LogThrottleTest, HoldsBackAndCounts) {
    LogThrottle throttle{2, Duration{1000}};
    const MonoTime start{Duration{5000}};
    EXPECT_EQ(throttle.admit(start), 0);
    EXPECT_EQ(throttle.admit(start), 0);
    EXPECT_EQ(throttle.admit(start), std::nullopt);
    EXPECT_EQ(throttle.admit(start + Duration{999}), std::nullopt);
    EXPECT_EQ(throttle.admit(start + Duration{1000}), 2);
}

class Routing : public ServiceFixture {};

TEST_F(Routing, SaysWhatIsNotThereAndWhatIsNotAllowed) {
    EXPECT_EQ(reason(send(operator_caller(), "GET", "/api/nothing")), "404 not_found");
    EXPECT_EQ(reason(send(operator_caller(), "GET", "/api//hosts")), "404 not_found");
    EXPECT_EQ(reason(send(operator_caller(), "GET", "/api/x/../hosts")), "404 not_found");
    const auto reply = send(operator_caller(), "PUT", "/api/evidence");
    EXPECT_EQ(reason(reply), "405 method_not_allowed");
    EXPECT_EQ(reply.response.allow, "POST, GET");
    EXPECT_EQ(reply.response.content_type, "application/problem+json");
    EXPECT_EQ(text(json(reply), "type"), "about:blank");
    EXPECT_EQ(text(json(reply), "status"), "405");
}

TEST_F(Routing, KeepsCallsToTheirCallers) {
    for (const auto* target : {"/api/evidence", "/api/evidence/x", "/api/evidence/x/bundle",
                               "/api/evidence/x/signature", "/api/evidence/x/receipt", "/api/hosts"})
        EXPECT_EQ(reason(send(host_caller(), "GET", target)), "403 forbidden") << target;
    EXPECT_EQ(reason(send(host_caller(), "POST", "/api/orders", "{}")), "403 forbidden");
    EXPECT_EQ(reason(send(operator_caller(), "GET", "/api/orders/pending")), "403 forbidden");
    EXPECT_EQ(reason(send(operator_caller(), "POST", "/api/evidence")), "403 forbidden");
}

TEST_F(Routing, AStrangerSeesTheHealthAndNothingElse) {
    const auto health = send(stranger(), "GET", "/health");
    EXPECT_EQ(health.response.status, 200);
    EXPECT_EQ(text(json(health), "status"), "ok");
    EXPECT_EQ(text(json(health), "time"), format_rfc3339(time.wall));
    for (const auto* target : {"/api/hosts", "/api/orders/pending", "/api/nothing"})
        EXPECT_EQ(reason(send(stranger(), "GET", target)), "403 unknown_identity") << target;
}

TEST_F(Routing, AHeaderMayBeMissingButNotContradict) {
    request = ApiRequest{};
    request.method = "GET";
    request.target = parse_target("/api/orders/pending?site_id=clinic-001&host_id=srv-01").value();
    EXPECT_EQ(send_prepared(host_caller()).response.status, 200);
    request.site_headers = {"clinic-001"};
    request.host_headers = {"srv-01"};
    EXPECT_EQ(send_prepared(host_caller()).response.status, 200);
    request.host_headers = {"srv-01", "srv-02"};
    EXPECT_EQ(reason(send_prepared(host_caller())), "403 identity_mismatch");
    request.host_headers = {};
    request.site_headers = {"clinic-002"};
    EXPECT_EQ(reason(send_prepared(host_caller())), "403 identity_mismatch");
}

TEST_F(Routing, ADamagedArchiveIsRefusedAndLeftAlone) {
    service.reset();
    const auto file = folder.path() / "state" / "server.db";
    const std::string rubbish(8192, 'x');
    std::ofstream{file, std::ios::binary} << rubbish;
    const auto opened = open_server_store(folder.path() / "state", OpenMode::create);
    ASSERT_TRUE(opened.has_error());
    EXPECT_EQ(opened.error().code(), Errc::corrupt);
    EXPECT_THAT(opened.error().message(), ::testing::HasSubstr("archive of evidence"));
    EXPECT_EQ(std::filesystem::file_size(file), rubbish.size());
}

}  // namespace
}  // namespace agent::testing
