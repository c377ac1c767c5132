#include "healing/parameters.hpp"

#include <gmock/gmock.h>

namespace agent {
namespace {

using ::testing::HasSubstr;

struct Read {
    ParameterSchema schema;
    Faults faults;
};
Read read(const std::string& params) {
    auto file = parse_yaml("params:\n" + params, "rb.yaml");
    EXPECT_TRUE(file.has_value());
    Read read;
    MapReader reader{"rb.yaml", file.value().root, "", read.faults};
    read.schema = ParameterSchema::read(reader);
    return read;
}

struct Refusal {
    const char* rule;
    Value given;
    const char* why;
};

TEST(Parameters, RefusesWhateverTheSchemaDoesNotAllow) {
    const std::string any = "{type: string}";
    const std::vector<Refusal> table{
        {"{type: string}", Value{5}, "must be a string, not \"5\""},
        {"{type: string}", Value{}, "must be a string"},
        {"{type: string}", Value::array({"a"}), "must be a string"},
        {"{type: integer}", Value{"5"}, "must be an integer"},
        {"{type: integer}", Value{5.0}, "must be an integer"},
        {"{type: boolean}", Value{1}, "must be true or false"},
        {"{type: string, enum: [a, b]}", Value{"c"}, "\"c\" is not one of a, b"},
        {"{type: integer, enum: [1, 2]}", Value{3}, "\"3\" is not one of 1, 2"},
        {"{type: string, pattern: \"[a-z]+\"}", Value{"abc1"}, "does not match the pattern"},
        {"{type: string, pattern: \"[a-z]+\"}", Value{""}, "does not match the pattern"},
        {"{type: integer, minimum: 1, maximum: 9}", Value{0}, "0 is not between 1 and 9"},
        {"{type: integer, minimum: 1, maximum: 9}", Value{10}, "10 is not between 1 and 9"},
        {"{type: string, min_length: 2}", Value{"a"}, "has 1 bytes, not 2 to 256"},
        {"{type: string, max_length: 2}", Value{"abc"}, "has 3 bytes, not 0 to 2"},
        {"{type: string}", Value{std::string(257, 'a')}, "has 257 bytes"},
        {"{type: string}", Value{"a\nb"}, "control character"},
        {"{type: string}", Value{std::string{"a\0b", 3}}, "control character"},
        {"{type: string}", Value{"a\x7f"}, "control character"},
        {"{type: string}", Value{"a\xc2\x85"}, "control character"},
        {"{type: string}", Value{"a\xe2\x80\xae"}, "control character"},
        {"{type: string}", Value{"a\xe2\x81\xa6"}, "control character"},
        {"{type: string}", Value{"a\xff"}, "is not UTF-8"},
    };
    for (const auto& row : table) {
        const auto [schema, faults] = read(std::string{"  x: "} + row.rule + '\n');
        ASSERT_TRUE(faults.empty()) << faults.front().to_string();
        const auto result = schema.check(Value::object({{"x", row.given}}));
        ASSERT_TRUE(result.has_error()) << row.rule << ' ' << row.why;
        EXPECT_EQ(result.error().code(), Errc::malformed);
        EXPECT_THAT(result.error().message(), HasSubstr(std::string{"parameter \"x\" "}));
        EXPECT_THAT(result.error().message(), HasSubstr(row.why));
    }
}

TEST(Parameters, AllowsWhatLiesOnTheBounds) {
    const auto [schema, faults] = read(
        "  i: {type: integer, minimum: 1, maximum: 9}\n  s: {type: string, min_length: 2, max_length: 5}\n"
        "  p: {type: string, pattern: \"[a-z]+\"}\n  b: {type: boolean}\n");
    ASSERT_TRUE(faults.empty());
    for (const int i : {1, 9})
        for (const char* s : {"ab", "B\xc3\xa4r", "abcde"})
            EXPECT_TRUE(schema.check(Value::object({{"i", i}, {"s", s}, {"p", "abc"}, {"b", false}})).has_value());
}

TEST(Parameters, NamesWhatIsUnknownOrMissingAndFillsInDefaults) {
    const auto [schema, faults] = read("  unit: {type: string}\n  days: {type: integer, default: 7}\n");
    ASSERT_TRUE(faults.empty());
    EXPECT_EQ(schema.check(Value::object({{"unit", "a"}})).value(), Value::object({{"unit", "a"}, {"days", 7}}));
    EXPECT_THAT(schema.check(Value::object({{"units", "a"}})).error().message(),
                HasSubstr("unknown parameter \"units\"; did you mean \"unit\"?"));
    EXPECT_THAT(schema.check(Value::object({})).error().message(), HasSubstr("\"unit\" is missing"));
    EXPECT_TRUE(schema.check(Value{}).has_error());
}

TEST(Parameters, TakesNoExponentialTimeForAPatternThatBacktracks) {
    const auto [schema, faults] = read("  x: {type: string, pattern: \"(a+)+b\"}\n");
    ASSERT_TRUE(faults.empty());
    EXPECT_TRUE(schema.check(Value::object({{"x", std::string(200, 'a')}})).has_error());
}

TEST(Parameters, TellsEveryFaultOfASchemaWithItsLine) {
    const struct {
        const char* rule;
        const char* key;
        const char* text;
    } table[] = {
        {"{}", "params.x.type", "missing"},
        {"{type: text}", "params.x.type", "not one of"},
        {"{type: string, patern: a}", "params.x.patern", "did you mean \"pattern\"?"},
        {"{type: string, pattern: \"(\"}", "params.x.pattern", "not a regular expression"},
        {"{type: string, pattern: \"(a)\\\\1\"}", "params.x.pattern", "without back-references"},
        {"{type: integer, pattern: a}", "params.x.pattern", "only a string"},
        {"{type: string, minimum: 1}", "params.x.minimum", "only of an integer"},
        {"{type: integer, max_length: 1}", "params.x.max_length", "only of a string"},
        {"{type: integer, minimum: 2, maximum: 1}", "params.x.maximum", "less than minimum"},
        {"{type: string, min_length: 300}", "params.x.max_length", "less than min_length"},
        {"{type: string, enum: [1]}", "params.x.enum", "put it in quotes"},
        {"{type: string, enum: []}", "params.x.enum", "must be a list"},
        {"{type: string, enum: [a], default: b}", "params.x.default", "is not one of a"},
        {"{type: integer, default: x}", "params.x.default", "must be an integer"},
    };
    for (const auto& row : table) {
        const auto faults = read(std::string{"  x: "} + row.rule + '\n').faults;
        ASSERT_EQ(faults.size(), 1U) << row.rule;
        EXPECT_EQ(faults[0].key, row.key);
        EXPECT_EQ(faults[0].line, 2);
        EXPECT_THAT(faults[0].text, HasSubstr(row.text));
    }
    EXPECT_EQ(read("  a-b: {type: string}\n").faults.size(), 1U);
    EXPECT_EQ(read("  x: {type: string, pattern: \"" + std::string(257, 'a') + "\"}\n").faults.size(), 1U);
}

}  // namespace
}  // namespace agent
