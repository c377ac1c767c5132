#include "codec/offers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/envelope.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;

TEST(PendingAnswer, KeepsTheBytesOfEveryEnvelope) {
    const std::string first = "{ \"payload\" : \"a\\u0062\\/\" ,\n\t\"x\":[ 1e2 ,{}] }";
    const auto answer = parse_pending("{\"more\":false, \"orders\":[ {\"id\":\"o1\",\"envelope\": " + first +
                                      " } ,{\"envelope\":{},\"id\":\"é\"}] }")
                            .value();
    ASSERT_EQ(answer.offers.size(), 2U);
    EXPECT_EQ(answer.offers[0].id, "o1");
    EXPECT_EQ(answer.offers[0].envelope, first);
    EXPECT_EQ(answer.offers[1].id, "é");
    EXPECT_EQ(answer.offers[1].envelope, "{}");
    EXPECT_FALSE(answer.more);
}

TEST(PendingAnswer, LeavesWhatIsWrongInsideAnEnvelopeToItsGates) {
    const std::string deep = "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}";
    for (const std::string& envelope :
         {std::string{R"({"a":1,"a":2})"}, deep, std::string{R"({"envelope":{"envelope":{}}})"},
          std::string{R"({"id":"x","orders":[{"envelope":{}}]})"}, std::string{R"({"a":"}\"{"})"}}) {
        const auto answer = parse_pending(R"({"orders":[{"id":"o","envelope":)" + envelope + R"(}],"more":true})");
        ASSERT_TRUE(answer) << envelope;
        EXPECT_EQ(answer.value().offers.at(0).envelope, envelope);
        EXPECT_TRUE(answer.value().more);
    }
}

TEST(PendingAnswer, LeavesAnEnvelopeThatIsNoJsonToItsGatesAndKeepsTheOffersBesideIt) {
    using namespace std::string_literals;
    for (const auto& poisoned :
         {R"({"a":1e999})"s, R"({"a":-1e999,"b":[1e999]})"s, R"({"a":"\ud800"})"s, R"({"\udc00":1})"s, R"({"a":})"s,
          R"({,})"s, R"({a b [ ] "}" { } 01})"s, "{\"a\":\"\xff\"}"s, "{\"a\":\"\n\"}"s, "{\0}"s,
          R"({"a":"\"})"s + "\"}", R"({"a":"\\"})"s}) {
        const auto answer = parse_pending(R"({"orders":[{"id":"before","envelope":{}},{"id":"bad","envelope":)" +
                                          poisoned + R"( },{"envelope":{"b":1},"id":"after"}],"more":true})");
        ASSERT_TRUE(answer) << poisoned << ": " << answer.error().message();
        ASSERT_EQ(answer.value().offers.size(), 3U) << poisoned;
        EXPECT_EQ(answer.value().offers[1].envelope, poisoned);
        EXPECT_EQ(answer.value().offers[2].envelope, R"({"b":1})");
        EXPECT_EQ(answer.value().offers[2].id, "after");
        EXPECT_TRUE(answer.value().more);
    }
}

TEST(PendingAnswer, MayHaveMembersAddedLater) {
    const auto answer = parse_pending(
        R"({"orders":[{"id":"o","envelope":{"a":1},"since":{"envelope":{}}}],"more":false,"envelope":{},"hint":[[{"envelope":1}]]})");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer.value().offers.at(0).envelope, R"({"a":1})");
}

struct RefusedOffers {
    std::string_view json;
    std::string_view why;
};

TEST(PendingAnswer, IsRefusedWhereItIsNoSuchJson) {
    for (const auto& [json, why] : std::initializer_list<RefusedOffers>{
             {"", "at byte 0"},
             {"<html>", "at byte 1"},
             {"[]", "not an object"},
             {R"({"more":false})", "orders: missing"},
             {R"({"orders":[]})", "more: missing"},
             {R"({"orders":{},"more":false})", "orders: not an array"},
             {R"({"orders":[],"more":0})", "more: neither true nor false"},
             {R"({"orders":[1],"more":false})", "orders[0]: not an object"},
             {R"({"orders":[{"envelope":{}}],"more":false})", "orders[0].id: missing"},
             {R"({"orders":[{"id":1,"envelope":{}}],"more":false})", "orders[0].id: not a string"},
             {R"({"orders":[{"id":"o"}],"more":false})", "orders[0].envelope: missing"},
             {R"({"orders":[{"id":"o","envelope":null}],"more":false})", "orders[0].envelope: not an object"},
             {R"({"orders":[{"id":"o","envelope":"{}"}],"more":false})", "orders[0].envelope: not an object"},
             {R"({"orders":[{"id":"o","envelope":[{}]}],"more":false})", "orders[0].envelope: not an object"},
             {R"({"orders":[{"id":"o","envelope":{}},{"id":"p"}],"more":false})", "orders[1].envelope: missing"},
             {R"({"orders":[{"id":"o","id":"p","envelope":{}}],"more":false})", "duplicate member \"id\""},
             {R"({"orders":[{"id":"o","envelope":{},"envelope":{}}],"more":false})", "duplicate member \"envelope\""},
             {R"({"orders":[{"id":"o","envelope":{"a":[}]}],"more":false})", "an object that does not end"},
             {R"({"orders":[{"id":"o","envelope":{"a":"}}],"more":false})", "an object that does not end"},
             {R"({"orders":[{"id":"o","envelope":{"a":1)", "an object that does not end"},
             {R"({"orders":[{"id":"o","envelope":{"a":1}}}],"more":false})", "no valid JSON"},
             {R"({"orders":[{"id":"o","envelope":{"a":1})", "no valid JSON"},
             {R"({"orders":[{"id":"\ud800","envelope":{}}],"more":false})", "no valid JSON"},
             {R"({"orders":[{"id":"o","envelope":{}}],"more":false,"n":1e999})", "no valid JSON"},
             {std::string_view{"{\"orders\":[],\"more\":false}\0", 27}, "no valid JSON at byte 27"},
             {"{\"orders\":[{\"id\":\"\xff\",\"envelope\":{}}],\"more\":false}", "no valid JSON"},
         }) {
        const auto answer = parse_pending(json);
        ASSERT_FALSE(answer) << json;
        EXPECT_EQ(answer.error().code(), Errc::malformed);
        EXPECT_THAT(answer.error().message(), HasSubstr(std::string{why}));
    }
}

TEST(PendingAnswer, GoesOutAsItComesIn) {
    PendingAnswer answer;
    answer.more = true;
    answer.offers = {{"o\"1", "{ \"a\" : 1 }"}, {"o2", "{}"}};
    const auto again = parse_pending(write_pending(answer)).value();
    ASSERT_EQ(again.offers.size(), 2U);
    EXPECT_EQ(again.offers[0].id, "o\"1");
    EXPECT_EQ(again.offers[0].envelope, "{ \"a\" : 1 }");
    EXPECT_TRUE(again.more);
    EXPECT_EQ(write_pending({}), R"({"more":false,"orders":[]})");
}

constexpr std::string_view upload =
    R"({"bundle_id":"0f8fad5b-d9cb-469f-a165-70867728950e","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","received_at":"2026-01-31T09:30:00Z","chain":{"epoch":"e","sequence":7,"gap":false},"receipt":{ "payload":"" }})";

TEST(UploadAnswer, KeepsTheBytesOfTheReceipt) {
    const auto answer = parse_upload_answer(upload).value();
    EXPECT_EQ(answer.receipt, "{ \"payload\":\"\" }");
    EXPECT_EQ(parse_upload_answer(write_upload_answer(answer)).value().receipt, answer.receipt);
}

TEST(UploadAnswer, SaysWhetherTheChainHasAGapOrForks) {
    UploadAnswer answer;
    answer.fork = true;
    answer.receipt = "{}";
    EXPECT_THAT(write_upload_answer(answer), HasSubstr(R"("fork":true,"gap":false)"));
}

TEST(UploadAnswer, IsRefusedWithoutAReceipt) {
    std::string text{upload};
    text.replace(text.find("{ \"payload\":\"\" }"), 16, "null");
    EXPECT_THAT(parse_upload_answer(text).error().message(), HasSubstr("receipt: not an object"));
    EXPECT_THAT(parse_upload_answer("{}").error().message(), HasSubstr("receipt"));
    EXPECT_TRUE(parse_upload_answer("[]").has_error());
}

}  // namespace
}  // namespace agent
