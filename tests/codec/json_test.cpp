#include "codec/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "model/limits.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;

std::string nested(std::size_t arrays, const std::string& inner) {
    return std::string(arrays, '[') + inner + std::string(arrays, ']');
}

TEST(Json, ReadsEveryKindOfValue) {
    EXPECT_EQ(parse_json("null").value(), Value{});
    EXPECT_EQ(parse_json(" true ").value(), Value{true});
    EXPECT_EQ(parse_json("\t\r\n-0\n").value(), Value{0});
    EXPECT_EQ(parse_json(R"("")").value(), Value{""});
    EXPECT_EQ(parse_json("[]").value(), Value{Value::Array{}});
    EXPECT_EQ(parse_json("{}").value(), Value{Value::Object{}});
    const auto value = parse_json(R"({"b":[1,2.5,"x",{"c":null}],"a":false,"":-7})").value();
    EXPECT_EQ(
        value,
        Value::object({{"a", false}, {"b", Value::array({1, 2.5, "x", Value::object({{"c", nullptr}})})}, {"", -7}}));
}

TEST(Json, ReadsEveryEscape) {
    EXPECT_EQ(*parse_json(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00\u0000")").value().string(),
              std::string("\"\\/\b\f\n\r\tAé€😀\0", 19));
    EXPECT_EQ(*parse_json("\"\x7f é€😀\"").value().string(), "\x7f é€😀");
}

TEST(Json, KeepsIntegersOf64BitsAndMakesTheRestReals) {
    EXPECT_EQ(parse_json("9223372036854775807").value(), Value{std::numeric_limits<std::int64_t>::max()});
    EXPECT_EQ(parse_json("-9223372036854775808").value(), Value{std::numeric_limits<std::int64_t>::min()});
    EXPECT_EQ(parse_json("9223372036854775808").value(), Value{9223372036854775808.0});
    EXPECT_EQ(parse_json("18446744073709551616").value(), Value{18446744073709551616.0});
    EXPECT_EQ(parse_json("-9223372036854775809").value(), Value{-9223372036854775809.0});
}

TEST(Json, ReadsNumbersWithFractionOrExponentAsReals) {
    for (const auto* text : {"900.0", "9e2", "9E+2", "90000e-2"}) EXPECT_EQ(parse_json(text).value(), Value{900.0});
    EXPECT_EQ(parse_json("-0.0").value(), Value{-0.0});
    EXPECT_EQ(parse_json("1e-400").value(), Value{0.0});
}

TEST(Json, CountsDepthFromOneAndScalarsToo) {
    EXPECT_TRUE(parse_json(nested(limits::json_depth, "")));
    EXPECT_FALSE(parse_json(nested(limits::json_depth + 1, "")));
    EXPECT_TRUE(parse_json(nested(limits::json_depth - 1, "1")));
    const auto too_deep = parse_json(nested(limits::json_depth, "1"));
    ASSERT_FALSE(too_deep);
    EXPECT_EQ(too_deep.error().code(), Errc::malformed);
    EXPECT_THAT(too_deep.error().message(), HasSubstr("deeper than 16 levels at byte "));
    EXPECT_TRUE(parse_json(nested(limits::json_depth, "1"), limits::json_depth + 1));
    EXPECT_FALSE(parse_json(nested(limits::json_depth + 1, "1"), limits::json_depth + 1));
    std::string objects;
    for (std::size_t i = 1; i < limits::json_depth; ++i) objects += R"({"a":)";
    const std::string braces(limits::json_depth - 1, '}');
    EXPECT_TRUE(parse_json(objects + "{}" + braces));
    EXPECT_FALSE(parse_json(objects + R"({"a":1})" + braces));
}

TEST(Json, RefusesDuplicateNamesHoweverTheyAreSpelt) {
    for (const auto* text : {R"({"a":1,"a":1})", R"({"a":1,"\u0061":2})", R"([{"x":{"b":1,"c":2,"b":null}}])",
                             R"({"":1,"":2})", R"({"a":null,"a":null})"}) {
        const auto value = parse_json(text);
        ASSERT_FALSE(value) << text;
        EXPECT_THAT(value.error().message(), HasSubstr("duplicate member"));
    }
    EXPECT_TRUE(parse_json(R"({"a":{"a":1},"A":1})"));
}

TEST(Json, NamesByteAndLineOfAFault) {
    EXPECT_THAT(parse_json("{\n  \"a\": 1,\n  \"a\": 2\n}").error().message(), HasSubstr("at byte 17 (line 3)"));
    EXPECT_THAT(parse_json("[1,]").error().message(), HasSubstr("at byte 4 (line 1)"));
    EXPECT_THAT(parse_json("").error().message(), HasSubstr("at byte 0 (line 1)"));
}

TEST(Json, WritesOneLineWithSortedMembers) {
    const auto value =
        Value::object({{"z", 1}, {"a", Value::array({true, nullptr, 2.5, "é\n\"\\\x01"})}, {"A", 900.0}});
    EXPECT_EQ(write_json(value), R"({"A":900.0,"a":[true,null,2.5,"é\n\"\\\u0001"],"z":1})");
    EXPECT_EQ(write_json_pretty(Value::object({{"a", Value::array({1})}})), "{\n  \"a\": [\n    1\n  ]\n}");
}

TEST(Json, WritesNothingThatIsNoUtf8AndNoNumberThatIsNone) {
    EXPECT_EQ(write_json(Value{"a\xff\xc0z"}), "\"a\xEF\xBF\xBD\xEF\xBF\xBDz\"");
    EXPECT_EQ(write_json(Value::object({{"\xff", 1}})), "{\"\xEF\xBF\xBD\":1}");
    EXPECT_EQ(write_json(Value{std::numeric_limits<double>::quiet_NaN()}), "null");
    EXPECT_EQ(write_json(Value{-std::numeric_limits<double>::infinity()}), "null");
}

TEST(Json, ReadsBackWhatItWrites) {
    const auto value =
        parse_json(R"({"a":[0,-1,1.5,1e300,"\u0000\ud83d\ude00",{"b":{}}],"c":9223372036854775807})").value();
    EXPECT_EQ(parse_json(write_json(value)).value(), value);
    EXPECT_EQ(parse_json(write_json_pretty(value)).value(), value);
}

}  // namespace
}  // namespace agent
