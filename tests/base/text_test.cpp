#include "base/text.hpp"

#include <gtest/gtest.h>

#include <array>

namespace agent {
namespace {

TEST(Quoted, EscapesWhatCouldForgeALogLineOrDriveATerminal) {
    EXPECT_EQ(quoted("plain é"), "\"plain é\"");
    EXPECT_EQ(quoted("a\nb\rc\td"), R"("a\nb\x0dc\x09d")");
    EXPECT_EQ(quoted("\x1b[31mred\x7f"), R"("\x1b[31mred\x7f")");
    EXPECT_EQ(quoted("say \"x\" \\"), R"("say \"x\" \\")");
    EXPECT_EQ(quoted(std::string_view{"\0", 1}), R"("\x00")");
    EXPECT_EQ(quoted(""), "\"\"");
}

TEST(Quoted, EscapesBytesThatAreNoUtf8AndControlsBeyondAscii) {
    EXPECT_EQ(quoted("a\xff\xc3z"), R"("a\xff\xc3z")");
    EXPECT_EQ(quoted("\x80"), R"("\x80")");
    EXPECT_EQ(quoted("\xC2\x9B"
                     "31m"),
              R"("\xc2\x9b31m")");  // CSI in one character
    EXPECT_EQ(quoted("a\xE2\x80\xAE"
                     "b"),
              R"("a\xe2\x80\xaeb")");  // right-to-left override
    EXPECT_EQ(quoted("a\xE2\x80\xA8"
                     "b"),
              R"("a\xe2\x80\xa8b")");  // line separator
    EXPECT_EQ(quoted("€😀"), "\"€😀\"");
}

TEST(Quoted, CutsLongTextBetweenCharacters) {
    EXPECT_EQ(quoted("abcdef", 6), "\"abcdef\"");
    EXPECT_EQ(quoted("abcdef", 5), "\"abcde…\"");
    EXPECT_EQ(quoted("aéé", 4), "\"aé…\"");
    EXPECT_EQ(quoted("aéé", 3), "\"aé…\"");
    EXPECT_EQ(quoted("aéé", 2), "\"a…\"");
    EXPECT_EQ(quoted("\x80\x80\x80", 2), "\"…\"");
}

TEST(Nearest, FindsTheNameThatWasMeant) {
    constexpr std::array<std::string_view, 4> known{"poll_interval", "long_poll", "timeout", "url"};
    EXPECT_EQ(nearest("poll_intervall", known), "poll_interval");
    EXPECT_EQ(nearest("pol_intervl", known), "poll_interval");
    EXPECT_EQ(nearest("poll-interval", known), "poll_interval");
    EXPECT_EQ(nearest("timout", known), "timeout");
    EXPECT_EQ(nearest("uri", known), "url");
}

TEST(Nearest, GuessesNothingWhereNothingIsClose) {
    constexpr std::array<std::string_view, 3> known{"poll_interval", "timeout", "url"};
    EXPECT_EQ(nearest("zebra", known), "");
    EXPECT_EQ(nearest("x", known), "");
    EXPECT_EQ(nearest("", known), "");
    EXPECT_EQ(nearest("timeout", std::span<const std::string_view>{}), "");
}

TEST(Name, IsOfTheCharactersOfTheProtocolAndOfItsLength) {
    EXPECT_TRUE(is_name("AZaz09._-", 1, 64));
    EXPECT_TRUE(is_name(std::string(64, 'x'), 1, 64));
    EXPECT_FALSE(is_name(std::string(65, 'x'), 1, 64));
    EXPECT_FALSE(is_name("", 1, 64));
    for (const auto* text : {"a b", "a/b", "a*", "é", "a\n", "a:b", "a@b", "a+b"})
        EXPECT_FALSE(is_name(text, 1, 64)) << text;
    EXPECT_FALSE(is_name(std::string_view{"a\0", 2}, 1, 64));
}

}  // namespace
}  // namespace agent
