#include "crypto/ed25519.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/encoding.hpp"
#include "crypto/digest.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;

PublicKey::Raw raw_of(std::string_view hex) {
    PublicKey::Raw raw{};
    const auto bytes = hex_decode(hex).value();
    std::copy_n(bytes_of(bytes).begin(), raw.size(), raw.begin());
    return raw;
}

// A PKCS#8 file of an Ed25519 seed (RFC 8410, section 7).
std::string pem_of_seed(std::string_view seed_hex) {
    const auto der = hex_decode("302e020100300506032b657004220420").value() + hex_decode(seed_hex).value();
    return "-----BEGIN PRIVATE KEY-----\n" + base64_encode(bytes_of(der)) + "\n-----END PRIVATE KEY-----\n";
}

struct Vector {
    std::string_view seed;
    std::string_view key;
    std::string_view message;
    std::string_view signature;
};

// RFC 8032, section 7.1: TEST 1, 2, 3 and SHA(abc).
constexpr std::array vectors{
    Vector{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
           "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
           "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
           "d25bf5f0595bbe24655141438e7a100b"},
    Vector{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
           "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
           "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
           "387b2eaeb4302aeeb00d291612bb0c00"},
    Vector{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
           "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
           "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
           "4a7c15e9716ed28dc027beceea1ec40a"},
    Vector{"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
           "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
           "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
           "454d4423643ce80e2a9ac94fa54ca49f",
           "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
           "3dca179c138ac17ad9bef1177331a704"}};

TEST(Ed25519, SignsAndVerifiesTheVectorsOfRfc8032) {
    for (const auto& vector : vectors) {
        const auto key = PrivateKey::from_pem(pem_of_seed(vector.seed)).value();
        const auto message = hex_decode(vector.message).value();
        EXPECT_EQ(hex_encode(key.public_key().raw()), vector.key);
        EXPECT_EQ(hex_encode(key.sign(message)), vector.signature);
        EXPECT_TRUE(key.public_key().verify(message, hex_decode(vector.signature).value()));
    }
}

TEST(Ed25519, NamesAKeyByTheDigestOfItsRawBytes) {
    const auto key = PublicKey::from_raw(raw_of(vectors[0].key)).value();
    EXPECT_EQ(key.key_id().str(), sha256_hex(hex_decode(vectors[0].key).value()));
}

TEST(Ed25519, RefusesEverySingleFlippedBitOfASignature) {
    const auto key = PrivateKey::generate().value();
    const auto signature = key.sign("evidence");
    const std::string good{text_of(signature)};
    ASSERT_TRUE(key.public_key().verify("evidence", good));
    for (std::size_t bit = 0; bit < 512; ++bit) {
        auto bad = good;
        bad[bit / 8] = static_cast<char>(static_cast<unsigned char>(bad[bit / 8]) ^ (1U << (bit % 8)));
        EXPECT_FALSE(key.public_key().verify("evidence", bad)) << "bit " << bit;
    }
    EXPECT_EQ(key.public_key().verify("other", good).error().code(), Errc::untrusted);
}

TEST(Ed25519, RefusesASignatureOfAnotherSize) {
    const auto key = PrivateKey::generate().value();
    const std::string good{text_of(key.sign("evidence"))};
    for (const auto& bad : {std::string{}, good.substr(1), good + '\0', good + good}) {
        const auto verified = key.public_key().verify("evidence", bad);
        ASSERT_FALSE(verified);
        EXPECT_THAT(verified.error().message(), HasSubstr("not 64"));
    }
}

// S + L satisfies the equation too; RFC 8032 section 5.1.7 wants S < L, or signatures would be malleable.
TEST(Ed25519, RefusesTheSecondSpellingOfAGoodSignature) {
    constexpr std::string_view order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    const auto group_order = hex_decode(order).value();
    for (const auto& vector : vectors) {
        auto signature = hex_decode(vector.signature).value();
        unsigned carry = 0;
        for (std::size_t i = 0; i < 32; ++i) {
            const unsigned sum = static_cast<unsigned char>(signature[32 + i]) +
                                 static_cast<unsigned>(static_cast<unsigned char>(group_order[i])) + carry;
            signature[32 + i] = static_cast<char>(sum & 0xFFU);
            carry = sum >> 8U;
        }
        const auto key = PublicKey::from_raw(raw_of(vector.key)).value();
        EXPECT_FALSE(key.verify(hex_decode(vector.message).value(), signature));
    }
}

// All encodings of the eight points of small order, canonical or not.
TEST(Ed25519, RefusesKeysOfSmallOrder) {
    for (const std::string_view hex : {
             "0000000000000000000000000000000000000000000000000000000000000000",
             "0100000000000000000000000000000000000000000000000000000000000000",
             "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
             "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
             "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
             "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
             "0000000000000000000000000000000000000000000000000000000000000080",
             "0100000000000000000000000000000000000000000000000000000000000080",
             "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
             "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
             "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
             "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
             "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
             "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
         }) {
        const auto key = PublicKey::from_raw(raw_of(hex));
        ASSERT_FALSE(key) << hex;
        EXPECT_EQ(key.error().code(), Errc::untrusted);
    }
}

TEST(Ed25519, RefusesKeysThatAreNoPointOrNotCanonical) {
    for (const std::string_view hex :
         {"0200000000000000000000000000000000000000000000000000000000000000",   // not on the curve
          "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",   // y = 2^255 - 1
          "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"})  // y = 3, written as p + 3
        EXPECT_FALSE(PublicKey::from_raw(raw_of(hex))) << hex;
}

TEST(Ed25519, ReadsBackTheKeysItWrites) {
    const auto key = PrivateKey::generate().value();
    const auto pem = key.to_pem();
    const auto again = PrivateKey::from_pem(text_of(pem.bytes())).value();
    EXPECT_EQ(again.public_key(), key.public_key());
    EXPECT_EQ(again.sign("x"), key.sign("x"));
    EXPECT_EQ(PublicKey::from_pem(key.public_key().to_pem()).value(), key.public_key());
}

TEST(Ed25519, WritesThePemOfRfc8410) {
    // RFC 8410 section 10.1 and 10.3.
    constexpr std::string_view public_pem =
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
        "-----END PUBLIC KEY-----\n";
    constexpr std::string_view private_pem =
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
        "-----END PRIVATE KEY-----\n";
    const auto key = PrivateKey::from_pem(private_pem).value();
    EXPECT_EQ(key.public_key().to_pem(), public_pem);
    const auto written = key.to_pem();
    EXPECT_EQ(text_of(written.bytes()), private_pem);
}

constexpr std::string_view p256_private =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgw1t3pl9mk3hSuPSt\n"
    "ftmc0ZIN+8wCAoOJEWsBeqpAY/mhRANCAARsrQD/Wz1eVHnvE+CCUeAPmhyrMbFe\n"
    "q5dSE4YQcXMz1h0lPAR5rlnhWfcqqUpQvAzeTdVMZ8I0KHD22nyQk0sC\n"
    "-----END PRIVATE KEY-----\n";

std::string why_not_public(std::string_view pem) { return PublicKey::from_pem(pem).error().message(); }
std::string why_not_private(std::string_view pem) { return PrivateKey::from_pem(pem).error().message(); }

TEST(Ed25519, SaysWhatAFileHoldsInsteadOfThePublicKey) {
    const auto pem = PrivateKey::generate().value().to_pem();
    EXPECT_THAT(why_not_public(text_of(pem.bytes())), HasSubstr("holds a private key, not a public key"));
    EXPECT_THAT(why_not_public("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                HasSubstr("holds a certificate"));
    EXPECT_THAT(why_not_public("-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n"),
                HasSubstr("an RSA public key"));
    EXPECT_THAT(why_not_public("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me"), HasSubstr("an OpenSSH public key"));
    EXPECT_THAT(why_not_public(""), HasSubstr("holds nothing"));
    EXPECT_THAT(why_not_public("hello"), HasSubstr("no PEM block"));
    EXPECT_THAT(why_not_public("-----BEGIN PUBLIC KEY-----\n***"), HasSubstr("damaged"));
    EXPECT_THAT(why_not_public("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), HasSubstr("damaged"));
}

TEST(Ed25519, SaysWhatAFileHoldsInsteadOfThePrivateKey) {
    EXPECT_THAT(why_not_private(PrivateKey::generate().value().public_key().to_pem()),
                HasSubstr("holds a public key, not a private key"));
    EXPECT_THAT(why_not_private("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"),
                HasSubstr("an encrypted private key"));
    EXPECT_THAT(why_not_private("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"),
                HasSubstr("an OpenSSH private key"));
    EXPECT_FALSE(PrivateKey::from_pem(p256_private));
}

class KeyFiles : public ::testing::Test {
protected:
    static unsigned mode_of(const std::filesystem::path& file) {
        struct stat status {};
        return ::stat(file.c_str(), &status) == 0 ? status.st_mode & 07777U : 0U;
    }
    static std::string content_of(const std::filesystem::path& file) {
        std::ifstream stream{file, std::ios::binary};
        return {std::istreambuf_iterator<char>{stream}, {}};
    }
    [[nodiscard]] std::size_t files() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder_.path()}, {}));
    }

    testing::TemporaryDirectory folder_;
    std::filesystem::path private_file_ = folder_.path() / "evidence.key";
    std::filesystem::path public_file_ = folder_.path() / "evidence.pub";
    PrivateKey key_ = PrivateKey::generate().value();
};

TEST_F(KeyFiles, AreWrittenAsAPairWithTheirModesAndNothingElse) {
    ASSERT_TRUE(save_key_pair(key_, private_file_, public_file_));
    EXPECT_EQ(mode_of(private_file_), 0600U);
    EXPECT_EQ(mode_of(public_file_), 0644U);
    EXPECT_EQ(files(), 2U);
    EXPECT_EQ(PrivateKey::load(private_file_).value().public_key(), key_.public_key());
    EXPECT_EQ(PublicKey::load(public_file_).value(), key_.public_key());
}

TEST_F(KeyFiles, AreNeverOverwritten) {
    folder_.write("evidence.pub", "mine");
    const auto saved = save_key_pair(key_, private_file_, public_file_);
    ASSERT_FALSE(saved);
    EXPECT_THAT(saved.error().message(), HasSubstr("evidence.pub exists already"));
    EXPECT_EQ(content_of(public_file_), "mine");
    EXPECT_EQ(files(), 1U);

    std::filesystem::remove(public_file_);
    folder_.write("evidence.key", "mine too");
    EXPECT_FALSE(save_key_pair(key_, private_file_, public_file_));
    EXPECT_EQ(content_of(private_file_), "mine too");
    EXPECT_EQ(files(), 1U);
}

TEST_F(KeyFiles, AreNotWrittenThroughADanglingLink) {
    std::filesystem::create_symlink(folder_.path() / "elsewhere", private_file_);
    EXPECT_FALSE(save_key_pair(key_, private_file_, public_file_));
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "elsewhere"));
}

TEST_F(KeyFiles, LeaveNothingBehindWhenTheFolderOfOneIsMissing) {
    const auto saved = save_key_pair(key_, private_file_, folder_.path() / "no" / "evidence.pub");
    ASSERT_FALSE(saved);
    EXPECT_THAT(saved.error().message(), HasSubstr("evidence.pub"));
    EXPECT_EQ(files(), 0U);
}

TEST_F(KeyFiles, OthersMayReadAreRefusedWithTheCommandThatHelps) {
    ASSERT_TRUE(save_key_pair(key_, private_file_, public_file_));
    for (const auto mode : {0644U, 0640U, 0604U, 0610U}) {
        ::chmod(private_file_.c_str(), mode);
        const auto loaded = PrivateKey::load(private_file_);
        ASSERT_FALSE(loaded);
        EXPECT_EQ(loaded.error().code(), Errc::untrusted);
        EXPECT_THAT(loaded.error().message(),
                    HasSubstr("lets others read it; run: chmod 600 " + private_file_.string()));
    }
    ::chmod(private_file_.c_str(), 0400);
    EXPECT_TRUE(PrivateKey::load(private_file_));
}

TEST_F(KeyFiles, OfSystemdsCredentialsKeepTheModesThatSystemdGaveThem) {
    ASSERT_TRUE(save_key_pair(key_, private_file_, public_file_));
    ::chmod(private_file_.c_str(), 0440);
    ASSERT_EQ(::setenv("CREDENTIALS_DIRECTORY", folder_.path().c_str(), 1), 0);
    const auto inside = check_private_mode(private_file_);
    ASSERT_EQ(::setenv("CREDENTIALS_DIRECTORY", (folder_.path() / "other").c_str(), 1), 0);
    const auto outside = check_private_mode(private_file_);
    ASSERT_EQ(::unsetenv("CREDENTIALS_DIRECTORY"), 0);
    EXPECT_TRUE(inside);
    EXPECT_FALSE(outside);
}

TEST_F(KeyFiles, ThatAreMissingOrNoFilesAreNamed) {
    const auto missing = PrivateKey::load(private_file_);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), Errc::not_found);
    EXPECT_THAT(missing.error().message(), HasSubstr(private_file_.string()));
    EXPECT_THAT(PublicKey::load(folder_.path()).error().message(), HasSubstr("is no regular file"));
    const auto large = folder_.write("large.pub", std::string(70'000, 'x'));
    EXPECT_THAT(PublicKey::load(large).error().message(), HasSubstr("larger than 64 KiB"));
}

}  // namespace
}  // namespace agent
