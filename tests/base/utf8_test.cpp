#include "base/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace agent {
namespace {

TEST(Utf8, TakesTheBoundsOfEveryLength) {
    for (const std::string_view text : {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                                        "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
        EXPECT_EQ(invalid_utf8_at(text), std::string_view::npos) << text;
}

TEST(Utf8, FindsTheFirstByteOfWhatIsNone) {
    for (const std::string_view bad :
         {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE0\xA0", "\xED\xA0\x80",
          "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF"}) {
        EXPECT_EQ(invalid_utf8_at(bad), 0U);
        EXPECT_EQ(invalid_utf8_at("é" + std::string{bad} + "z"), 2U);
    }
}

}  // namespace
}  // namespace agent
