#include "base/encoding.hpp"

#include <gtest/gtest.h>

namespace agent {
namespace {

std::string all_bytes() {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
}

TEST(Hex, IsLowerCaseAndReadsBackEveryByte) {
    EXPECT_EQ(hex_encode(bytes_of("")), "");
    EXPECT_EQ(hex_encode(bytes_of("\x0f\xa0z")), "0fa07a");
    EXPECT_EQ(hex_decode(hex_encode(bytes_of(all_bytes()))), all_bytes());
    EXPECT_EQ(hex_decode(""), "");
}

TEST(Hex, RefusesEveryOtherSpelling) {
    for (const auto* text : {"0", "0FA0", "0x0f", "0f a0", "0g", "0f:a0", " 0f", "0f\n"})
        EXPECT_FALSE(hex_decode(text)) << text;
}

// RFC 4648, section 10.
TEST(Base64, GivesTheVectorsOfTheRfc) {
    for (const auto& [plain, coded] :
         std::initializer_list<std::pair<std::string_view, std::string_view>>{{"", ""},
                                                                              {"f", "Zg=="},
                                                                              {"fo", "Zm8="},
                                                                              {"foo", "Zm9v"},
                                                                              {"foob", "Zm9vYg=="},
                                                                              {"fooba", "Zm9vYmE="},
                                                                              {"foobar", "Zm9vYmFy"}}) {
        EXPECT_EQ(base64_encode(bytes_of(plain)), coded);
        EXPECT_EQ(base64_decode(coded), plain);
    }
    EXPECT_EQ(base64_decode(base64_encode(bytes_of(all_bytes()))), all_bytes());
}

TEST(Base64, RefusesEverySecondSpelling) {
    for (const auto* text : {"Zg", "Zg=", "Zg===", "Zg====", "Zh==", "Zm9=", "Zm8", "Z", "=", "====", "Zm9v\n", " Zm9v",
                             "Zm 9v", "Zm9v=", "Zg==Zg==", "Zm-_", "Zm9v*", "\xC3\xA9"})
        EXPECT_FALSE(base64_decode(text)) << text;
    EXPECT_FALSE(base64_decode(std::string_view{"Zm9v\0", 5}));
    EXPECT_FALSE(base64_decode(std::string_view{"Zm9\0", 4}));
}

}  // namespace
}  // namespace agent
