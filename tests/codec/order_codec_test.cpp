#include "codec/order_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "codec/json.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;

Value good() {
    return Value::object({{"order_id", "order-1"},
                          {"site_id", "clinic-001"},
                          {"host_id", "srv-01"},
                          {"runbook_id", "RB-FILE-RESTORE"},
                          {"params", Value::object({{"path", "/etc/motd"}})},
                          {"nonce", std::string(32, 'a')},
                          {"ttl", 900},
                          {"issued_at", "2026-01-31T09:30:00.25Z"}});
}

Result<OrderPayload> order_with(const std::string& name, Value value) {
    auto order = good();
    order.set(name, std::move(value));
    return parse_order(write_json(order));
}

// `ttl` as written in the text.
Result<OrderPayload> order_with_ttl(std::string_view ttl) {
    auto text = write_json(good());
    text.replace(text.find("900"), 3, ttl);
    return parse_order(text);
}

std::string fault_in_order(const Result<OrderPayload>& order) {
    if (order.has_value()) return "accepted";
    return order.error().code() == Errc::malformed ? order.error().message() : "wrong code";
}

TEST(OrderCodec, ReadsAnOrder) {
    const auto order = parse_order(write_json(good())).value();
    EXPECT_EQ(order.order_id.str(), "order-1");
    EXPECT_EQ(order.site_id.str(), "clinic-001");
    EXPECT_EQ(order.host_id.str(), "srv-01");
    EXPECT_EQ(order.runbook_id.str(), "RB-FILE-RESTORE");
    EXPECT_EQ(order.params, Value::object({{"path", "/etc/motd"}}));
    EXPECT_EQ(order.nonce, std::string(32, 'a'));
    EXPECT_EQ(order.ttl_seconds, 900);
    EXPECT_EQ(format_rfc3339(order.issued_at), "2026-01-31T09:30:00.250Z");
    EXPECT_EQ(order.mode, OrderMode::apply);
    EXPECT_FALSE(order.plan_sha256);
}

TEST(OrderCodec, ReadsBackWhatItWrites) {
    auto value = good();
    value.set("mode", "plan");
    value.set("plan_sha256", "abc");
    const auto order = parse_order(write_json(value)).value();
    const auto again = parse_order(write_order(order)).value();
    EXPECT_EQ(again.mode, OrderMode::plan);
    EXPECT_EQ(again.plan_sha256, "abc");
    EXPECT_EQ(write_order(again), write_order(order));
}

TEST(OrderCodec, WantsEveryMemberButModeAndPlan) {
    const auto whole = good();
    for (const auto& [name, value] : *whole.object()) {
        auto order = *good().object();
        order.erase(name);
        EXPECT_EQ(fault_in_order(parse_order(write_json(Value{order}))), name + ": missing");
        EXPECT_THAT(fault_in_order(order_with(name, nullptr)), HasSubstr(name)) << "null";
    }
    EXPECT_THAT(fault_in_order(order_with("mode", nullptr)), HasSubstr("mode: not a string"));
    EXPECT_THAT(fault_in_order(order_with("plan_sha256", nullptr)), HasSubstr("plan_sha256: not a string"));
    EXPECT_THAT(fault_in_order(order_with("extra", 1)), HasSubstr("unknown member \"extra\""));
    EXPECT_THAT(fault_in_order(parse_order("[]")), HasSubstr("not an object"));
}

TEST(OrderCodec, HoldsNamesToTheirCharactersAndLengths) {
    EXPECT_TRUE(order_with("order_id", std::string(128, 'x')));
    EXPECT_TRUE(order_with("site_id", "A-z.0_9"));
    EXPECT_TRUE(order_with("host_id", "*"));
    for (const std::string bad : {"", "a b", "a/b", "ä", "a\n", "**", "a*"}) {
        EXPECT_THAT(fault_in_order(order_with("order_id", bad)), HasSubstr("order_id: "));
        // No audience of anybody's: that is wrong_audience (gate 7), not malformed.
        EXPECT_TRUE(order_with("site_id", bad));
        EXPECT_TRUE(order_with("host_id", bad));
    }
    EXPECT_FALSE(order_with("order_id", std::string(129, 'x')));
    EXPECT_THAT(fault_in_order(order_with("site_id", 7)), HasSubstr("site_id: "));
}

TEST(OrderCodec, HoldsRunbookIdsToTheirForm) {
    EXPECT_TRUE(order_with("runbook_id", "RB-9"));
    EXPECT_TRUE(order_with("runbook_id", "RB-" + std::string(61, 'A')));
    for (const std::string& bad :
         {std::string{"RB-"}, std::string{"RB"}, std::string{"rb-x"}, std::string{"RB-x"}, std::string{"RB-A_B"},
          std::string{"XRB-A"}, std::string{"RB-A\n"}, "RB-" + std::string(62, 'A')})
        EXPECT_THAT(fault_in_order(order_with("runbook_id", bad)), HasSubstr("runbook_id: ")) << bad;
}

TEST(OrderCodec, HoldsNoncesToTheirForm) {
    EXPECT_TRUE(order_with("nonce", std::string(128, '0')));
    EXPECT_TRUE(order_with("nonce", std::string(33, '0')));
    for (const auto& bad : {std::string(31, '0'), std::string(129, '0'), std::string(32, 'A'), std::string(32, 'g')})
        EXPECT_THAT(fault_in_order(order_with("nonce", bad)), HasSubstr("nonce: "));
}

TEST(OrderCodec, TakesTtlOnlyAsAnInteger) {
    for (const auto* bad : {"9e2", "900.0", "9E2", "\"900\"", "true", "1e30", "-1e30", "900.5"})
        EXPECT_EQ(fault_in_order(order_with_ttl(bad)), "ttl: not an integer") << bad;
}

TEST(OrderCodec, LeavesTheRangeOfTtlToItsGate) {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    EXPECT_EQ(order_with_ttl("0").value().ttl_seconds, 0);
    EXPECT_EQ(order_with_ttl("-5").value().ttl_seconds, -5);
    EXPECT_EQ(order_with_ttl("9223372036854775807").value().ttl_seconds, most);
    EXPECT_EQ(order_with_ttl("9223372036854775808").value().ttl_seconds, most);
    EXPECT_EQ(order_with_ttl("99999999999999999999999999").value().ttl_seconds, most);
    EXPECT_EQ(order_with_ttl("-99999999999999999999999999").value().ttl_seconds, least);
}

TEST(OrderCodec, TakesTimesInUtcWithAtMostMilliseconds) {
    EXPECT_TRUE(order_with("issued_at", "2026-01-31T09:30:00Z"));
    for (const auto* bad :
         {"2026-01-31T09:30:00", "2026-01-31T09:30:00+00:00", "2026-01-31T09:30:00.1234Z", "2026-02-30T00:00:00Z"})
        EXPECT_THAT(fault_in_order(order_with("issued_at", bad)), HasSubstr("issued_at: ")) << bad;
    EXPECT_FALSE(order_with("issued_at", 1));
}

TEST(OrderCodec, KnowsTwoModes) {
    EXPECT_EQ(order_with("mode", "plan").value().mode, OrderMode::plan);
    EXPECT_EQ(order_with("mode", "apply").value().mode, OrderMode::apply);
    EXPECT_THAT(fault_in_order(order_with("mode", "Apply")), HasSubstr("mode: unknown word \"Apply\""));
}

TEST(OrderCodec, TakesAnyTextAsPlanDigest) {
    EXPECT_EQ(order_with("plan_sha256", std::string(200, 'x')).value().plan_sha256, std::string(200, 'x'));
    EXPECT_EQ(order_with("plan_sha256", "").value().plan_sha256, "");
    EXPECT_THAT(fault_in_order(order_with("plan_sha256", 7)), HasSubstr("plan_sha256: "));
}

TEST(OrderCodec, KeepsParametersOfAnyKind) {
    EXPECT_FALSE(order_with("params", Value{Value::Array{}}));
    EXPECT_EQ(order_with("params", Value{Value::Object{}}).value().params, Value{Value::Object{}});
    auto text = write_json(good());
    text.replace(text.find("\"/etc/motd\""), 11, "99999999999999999999");
    EXPECT_EQ(*parse_order(text).value().params.find("path"), Value{1e20});
}

}  // namespace
}  // namespace agent
