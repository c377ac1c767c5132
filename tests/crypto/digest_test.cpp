#include "crypto/digest.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/encoding.hpp"
#include "crypto/random.hpp"

namespace agent {
namespace {

// FIPS 180-4, examples.
TEST(Sha256, GivesTheDigestsOfTheStandard) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, GivesTheSameDigestHoweverTheBytesArrive) {
    std::string bytes;
    for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(i);
    Sha256 whole;
    for (std::size_t at = 0; at < bytes.size(); at += 7) whole.update(bytes_of(std::string_view{bytes}.substr(at, 7)));
    Sha256 moved{std::move(whole)};
    EXPECT_EQ(moved.finish(), sha256(bytes));
}

// RFC 1321, appendix A.5.
TEST(Md5, GivesTheDigestsOfTheStandardHoweverTheBytesArrive) {
    auto empty = Md5::start();
    ASSERT_TRUE(empty.has_value()) << empty.error().message();
    EXPECT_EQ(empty.value().finish(), "d41d8cd98f00b204e9800998ecf8427e");
    auto parts = Md5::start();
    for (const auto* part : {"message", " ", "digest"}) parts.value().update(bytes_of(part));
    EXPECT_EQ(parts.value().finish(), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Random, MakesUuidsOfVersion4) {
    const auto uuid = random_uuid();
    ASSERT_EQ(uuid.size(), 36U);
    EXPECT_EQ(uuid[14], '4');
    EXPECT_NE(std::string{"89ab"}.find(uuid[19]), std::string::npos);
    for (const std::size_t dash : {8U, 13U, 18U, 23U}) EXPECT_EQ(uuid[dash], '-');
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) seen.insert(random_uuid());
    EXPECT_EQ(seen.size(), 1000U);
}

TEST(Random, MakesAsManyHexDigitsAsAskedFor) {
    EXPECT_EQ(random_hex(0), "");
    EXPECT_EQ(random_hex(33).size(), 33U);
    EXPECT_TRUE(hex_decode(random_hex(32)).has_value());
}

TEST(Random, SpreadsFractionsOverTheUnitInterval) {
    double least = 1;
    double most = 0;
    for (int i = 0; i < 1000; ++i) {
        const double fraction = random_fraction();
        ASSERT_GE(fraction, 0.0);
        ASSERT_LT(fraction, 1.0);
        least = std::min(least, fraction);
        most = std::max(most, fraction);
    }
    EXPECT_LT(least, 0.1);
    EXPECT_GT(most, 0.9);
}

}  // namespace
}  // namespace agent
