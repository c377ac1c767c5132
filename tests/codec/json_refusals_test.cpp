// The classes of the public JSON parsing test suite, in inputs of our own making.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "codec/json.hpp"

namespace agent {
namespace {

using namespace std::string_view_literals;

const std::vector<std::string_view> structures{""sv,
                                               " "sv,
                                               "\n"sv,
                                               "{"sv,
                                               "["sv,
                                               "}"sv,
                                               "]"sv,
                                               "[["sv,
                                               "[]]"sv,
                                               "{}}"sv,
                                               "[}"sv,
                                               "{]"sv,
                                               "[1"sv,
                                               "[1,"sv,
                                               "[1,]"sv,
                                               "[,1]"sv,
                                               "[,]"sv,
                                               "[1,,2]"sv,
                                               "[1 2]"sv,
                                               "[1;2]"sv,
                                               "[1:2]"sv,
                                               "[\"a\" \"b\"]"sv,
                                               "[1]x"sv,
                                               "[1][2]"sv,
                                               "[1],"sv,
                                               "[1]]"sv,
                                               "1 2"sv,
                                               "1,"sv,
                                               ",1"sv,
                                               "\"a\" \"b\""sv,
                                               "{}{}"sv,
                                               "{} {}"sv,
                                               "null null"sv,
                                               "{\"a\""sv,
                                               "{\"a\":"sv,
                                               "{\"a\":1"sv,
                                               "{\"a\":1,"sv,
                                               "{\"a\":1,}"sv,
                                               "{,\"a\":1}"sv,
                                               "{\"a\":1,,\"b\":2}"sv,
                                               "{\"a\" 1}"sv,
                                               "{\"a\",1}"sv,
                                               "{\"a\"=1}"sv,
                                               "{\"a\"::1}"sv,
                                               "{\"a\":}"sv,
                                               "{\"a\"}"sv,
                                               "{\"a\",\"b\"}"sv,
                                               "{:1}"sv,
                                               "{1:1}"sv,
                                               "{null:1}"sv,
                                               "{true:1}"sv,
                                               "{[]:1}"sv,
                                               "{{}:1}"sv,
                                               "{a:1}"sv,
                                               "{'a':1}"sv,
                                               "{\"a\":1 \"b\":2}"sv,
                                               "{\"a\":1;}"sv,
                                               "{\"a\":1}#"sv,
                                               "{\"a\":1}//"sv,
                                               "[\"a\",\n4\n,1,"sv,
                                               "[1,\n1\n,1"sv,
                                               "[{\"a\":[}]]"sv,
                                               "<null>"sv,
                                               "[<null>]"sv,
                                               "(1)"sv,
                                               "[a"sv,
                                               "*"sv,
                                               "[*]"sv,
                                               "{\"a\":\"b\"]"sv,
                                               "[\"a\"}"sv};

const std::vector<std::string_view> words{"nul"sv,       "nulll"sv,     "Null"sv,        "NULL"sv,    "tru"sv,
                                          "True"sv,      "TRUE"sv,      "truee"sv,       "fals"sv,    "False"sv,
                                          "undefined"sv, "nan"sv,       "NaN"sv,         "[NaN]"sv,   "-NaN"sv,
                                          "Infinity"sv,  "-Infinity"sv, "[Infinity]"sv,  "inf"sv,     "None"sv,
                                          "yes"sv,       "a"sv,         "[truefalse]"sv, "[nul,1]"sv, "t rue"sv};

const std::vector<std::string_view> numbers{
    "01"sv,    "-01"sv,       "00"sv,      "-00"sv,   "012"sv,   "0x1"sv,    "0x"sv,      "0b1"sv,          "0o7"sv,
    "+1"sv,    "++1"sv,       "--1"sv,     "-"sv,     "+"sv,     "- 1"sv,    "1."sv,      "-1."sv,          ".5"sv,
    "-.5"sv,   "1.e1"sv,      "1..2"sv,    "1.2.3"sv, "1e"sv,    "1E"sv,     "1e+"sv,     "1e-"sv,          "1ee2"sv,
    "1e1.5"sv, "0e"sv,        "0.1e"sv,    "0e+"sv,   "1e 2"sv,  "1 000"sv,  "1_000"sv,   "1,000"sv,        "1f"sv,
    "1L"sv,    "1a"sv,        "-a"sv,      "0.1."sv,  "1e999"sv, "-1e999"sv, "[1e400]"sv, "\xef\xbc\x91"sv, "1-2"sv,
    "1+2"sv,   "-2."sv,       "2.e3"sv,    "2.e-3"sv, "-1x"sv,   "0.3e+"sv,  "0E+"sv,     "9.e+"sv,         "-012"sv,
    "1/2"sv,   "1e5000000"sv, "\xd9\xa1"sv};

const std::vector<std::string_view> strings{"\""sv,
                                            "\"a"sv,
                                            "a\""sv,
                                            "'a'"sv,
                                            "`a`"sv,
                                            "\"a\"\""sv,
                                            "\"\\\""sv,
                                            "\"\\x41\""sv,
                                            "\"\\a\""sv,
                                            "\"\\v\""sv,
                                            "\"\\0\""sv,
                                            "\"\\'\""sv,
                                            "\"\\e\""sv,
                                            "\"\\U0041\""sv,
                                            "\"\\u\""sv,
                                            "\"\\u0\""sv,
                                            "\"\\u00\""sv,
                                            "\"\\u004\""sv,
                                            "\"\\u004g\""sv,
                                            "\"\\u+041\""sv,
                                            "\"\\u 041\""sv,
                                            "\"\\u{41}\""sv,
                                            "\"\\ud800\""sv,
                                            "\"\\udc00\""sv,
                                            "\"\\udbff\""sv,
                                            "\"\\ud800\\n\""sv,
                                            "\"\\ud800x\""sv,
                                            "\"\\ud800\\ud800\""sv,
                                            "\"\\ud800\\u0041\""sv,
                                            "\"\\udc00\\ud800\""sv,
                                            "\"\\ud83d\\u\""sv,
                                            "\"\\ud83d\\ude0\""sv,
                                            "\"a\nb\""sv,
                                            "\"a\tb\""sv,
                                            "\"a\rb\""sv,
                                            "\"a\0b\""sv,
                                            "\"\x01\""sv,
                                            "\"\x08\""sv,
                                            "\"\x1f\""sv,
                                            "[\"\t\"]"sv,
                                            "{\"a\n\":1}"sv,
                                            "\"\\\t\""sv,
                                            "\"\\\n\""sv,
                                            "\"\\ \""sv,
                                            "[\"\\"sv,
                                            "[\"\\u00"sv,
                                            "[\"a\",\"b]"sv,
                                            "\\u0061"sv,
                                            "[\\n]"sv,
                                            "[\\u000A1]"sv};

const std::vector<std::string_view> bytes{
    // Byte order marks and other encodings.
    "\xEF\xBB\xBF{}"sv, "\xEF\xBB\xBF"sv, "\xEF\xBB{}"sv, "\xFE\xFF\0{\0}"sv, "\xFF\xFE{\0}\0"sv, "{\0}\0"sv,
    "\0{\0}"sv, "\0\0\0{\0\0\0}"sv,
    // White space that JSON does not know.
    "\f1"sv, "\v1"sv,
    "\xC2\xA0"
    "1"sv,
    "[\xE2\x81\xA0]"sv, "1\xE2\x80\xA8"sv, "[\x0b]"sv, "[1\x0c]"sv,
    // NUL and what follows it.
    "\0"sv, "1\0"sv, "1\0garbage"sv, "{}\0"sv, "[1\0]"sv, "[1,\0"sv, "123\0"sv,
    // Bytes that are no UTF-8: alone, cut short, overlong, surrogates, beyond U+10FFFF.
    "\"\x80\""sv, "\"\xBF\""sv, "\"\xFF\""sv, "\"\xFE\""sv, "\"\xC3\""sv, "\"\xC3(\""sv, "\"\xE2\x82\""sv,
    "\"\xE2(\xA1\""sv, "\"\xF0\x9F\x98\""sv, "\"\xC0\x80\""sv, "\"\xC0\xAF\""sv, "\"\xC1\xBF\""sv, "\"\xE0\x80\xAF\""sv,
    "\"\xE0\x9F\xBF\""sv, "\"\xF0\x80\x80\xAF\""sv, "\"\xF0\x8F\xBF\xBF\""sv, "\"\xED\xA0\x80\""sv,
    "\"\xED\xBF\xBF\""sv, "\"\xED\xA0\xBD\xED\xB8\x80\""sv, "\"\xF4\x90\x80\x80\""sv, "\"\xF5\x80\x80\x80\""sv,
    "\"\xF8\x88\x80\x80\x80\""sv, "\"\xFC\x84\x80\x80\x80\x80\""sv, "{\"\xFF\":1}"sv, "\xE9"sv, "[\xFF]"sv, "[1\xE5]"sv,
    "[1e1\xE5]"sv, "[0\xE5]"sv,
    // Comments and other dialects.
    "// x\n1"sv, "/* x */1"sv, "1/* x */"sv, "[1/**/]"sv, "# x\n1"sv, "1 // x"sv, "{/*a*/}"sv, "<!-- -->1"sv, "{a}"sv,
    "---\n1"sv, "[1,2,...]"sv, "{\"a\":0x1F}"sv, "[\"a\"+\"b\"]"sv, "{\"a\":'b'}"sv};

class JsonRefusal : public ::testing::TestWithParam<const std::vector<std::string_view>*> {};

TEST_P(JsonRefusal, MeetsWhatIsNoJson) {
    for (const auto text : *GetParam()) {
        const auto value = parse_json(text);
        ASSERT_FALSE(value) << "accepted: " << ::testing::PrintToString(std::string{text});
        EXPECT_EQ(value.error().code(), Errc::malformed);
    }
}

INSTANTIATE_TEST_SUITE_P(Structures, JsonRefusal, ::testing::Values(&structures));
INSTANTIATE_TEST_SUITE_P(Words, JsonRefusal, ::testing::Values(&words));
INSTANTIATE_TEST_SUITE_P(Numbers, JsonRefusal, ::testing::Values(&numbers));
INSTANTIATE_TEST_SUITE_P(Strings, JsonRefusal, ::testing::Values(&strings));
INSTANTIATE_TEST_SUITE_P(Bytes, JsonRefusal, ::testing::Values(&bytes));

TEST(JsonRefusals, MeetNestingWithoutAnEndWithoutUsingTheStack) {
    EXPECT_FALSE(parse_json(std::string(1'000'000, '[')));
    std::string objects;
    for (int i = 0; i < 100'000; ++i) objects += "{\"\":";
    EXPECT_FALSE(parse_json(objects));
    EXPECT_FALSE(parse_json(std::string(100'000, '[') + std::string(100'000, ']')));
}

TEST(JsonRefusals, SpareWhatIsJson) {
    for (const auto text : {"[]"sv,
                            "[ ]"sv,
                            "{ }"sv,
                            "[[],[[]]]"sv,
                            "[\"\"]"sv,
                            "[null, 1, \"1\", {}]"sv,
                            "0"sv,
                            "-0"sv,
                            "-1"sv,
                            "0e1"sv,
                            "0e+1"sv,
                            "0E-1"sv,
                            "1E22"sv,
                            "1e-2"sv,
                            "123.456e78"sv,
                            "123.456789"sv,
                            "1.7976931348623157e308"sv,
                            "-0.0000000000000000000000000000000000000001"sv,
                            "20e1"sv,
                            "\"\\u0000\""sv,
                            "\"\\uFFFF\""sv,
                            "\"\\u2028\\u2029\""sv,
                            "\"\xE2\x80\xA8\""sv,
                            "\"\\uD834\\uDD1E\""sv,
                            "\"\\ud834\\udd1e\""sv,
                            "\"\xEF\xBF\xBF\""sv,
                            "\"\xF4\x8F\xBF\xBF\""sv,
                            "\"\xC2\x80\""sv,
                            "\"\xE0\xA0\x80\""sv,
                            "\"\xED\x9F\xBF\""sv,
                            "\"\x7F\""sv,
                            "\"\\/\""sv,
                            "\"\\\\u0000\""sv,
                            "\"\\\\\""sv,
                            "\"//\""sv,
                            "\"/**/\""sv,
                            "\" \""sv,
                            "\"\xEF\xBB\xBF\""sv,
                            "{\"a\":1,\"b\":2}"sv,
                            "{\"\":0}"sv,
                            "{\"a\\u0000b\":1}"sv,
                            "{\"a\":[]}"sv,
                            "{\"min\":-1.0e+28,\"max\":1.0e+28}"sv,
                            " [1] "sv,
                            "[1\n]"sv,
                            "\t\n\r [\t1\r,\n2 ]\t"sv,
                            "true"sv,
                            "false"sv,
                            "null"sv,
                            "\"a\""sv,
                            "[1,null,null,2]"sv})
        EXPECT_TRUE(parse_json(text)) << ::testing::PrintToString(std::string{text});
}

}  // namespace
}  // namespace agent
