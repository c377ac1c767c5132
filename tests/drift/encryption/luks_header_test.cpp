// Headers that cryptsetup itself made on plain files, and what is no header at all.
#include <gmock/gmock.h>

#include "base/encoding.hpp"
#include "crypto/digest.hpp"
#include "drift/encryption/encryption_report.hpp"
#include "drift/encryption/luks2_metadata.hpp"
#include "drift/encryption/luks_header.hpp"
#include "host/files.hpp"
#include "storage_tree.hpp"
#include "support/check_ground.hpp"

namespace agent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::size_t header_most = 4UL * 1024UL * 1024UL;

class RealHeader : public ::testing::Test {
protected:
    void SetUp() override {
        if (!std::filesystem::exists(testing::cryptsetup))
            GTEST_SKIP() << "needs cryptsetup-bin (config/packages.txt, section test)";
        file = ground.folder.write("disk", "");
        std::filesystem::resize_file(file, 20UL * 1024UL * 1024UL);
        ground.folder.write("key", "some passphrase");
    }
    std::string run_cryptsetup(std::vector<std::string> arguments) {
        Command command;
        command.program = testing::cryptsetup;
        command.arguments = std::move(arguments);
        command.arguments.push_back(file.native());
        auto exit = testing::run(ground.io, ground.processes.run(std::move(command))).value();
        EXPECT_EQ(exit.status, 0) << exit.standard_error.head;
        return exit.standard_output.head;
    }
    void format(std::vector<std::string> options) {
        options.insert(options.begin(), {"luksFormat", "-q", "--key-file", (ground.folder.path() / "key").native()});
        run_cryptsetup(std::move(options));
    }
    [[nodiscard]] Result<LuksHeader> read() const { return parse_luks(read_start(file, header_most).value()); }
    // "Key:" of `luksDump`, for instance.
    static std::string dumped(const std::string& dump, const std::string& name) {
        const auto at = dump.find(name + ":");
        if (at == std::string::npos) return "not in the dump";
        const auto value = dump.find_first_not_of(" \t", at + name.size() + 1);
        return dump.substr(value, dump.find('\n', value) - value);
    }
    testing::CheckGround ground;
    std::filesystem::path file;
};

TEST_F(RealHeader, OfVersion2ReadsAsCryptsetupDumpsIt) {
    format({"--type=luks2", "--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000", "--key-size=512"});
    const auto header = read().value();
    const auto dump = run_cryptsetup({"luksDump"});
    EXPECT_EQ(header.version, 2);
    EXPECT_EQ(header.uuid, dumped(dump, "UUID"));
    EXPECT_THAT(header.ciphers, ElementsAre(dumped(dump, "cipher")));
    EXPECT_EQ(std::to_string(header.key_bits) + " bits", dumped(dump, "Key"));
    EXPECT_THAT(header.keyslots, ElementsAre(LuksKeyslot{"0", "pbkdf2", 1000, 0, ""}));
    EXPECT_EQ(dumped(dump, "PBKDF"), "pbkdf2");
    EXPECT_EQ(dumped(dump, "Iterations"), "1000");
    EXPECT_TRUE(header.wholly_encrypted);
    EXPECT_THAT(weaknesses_of(header, {}), ElementsAre(HasSubstr("keyslot 0: pbkdf2 with 1000 iterations")));
}

TEST_F(RealHeader, WithArgon2HasNoWeaknessUnlessItsMemoryIsSmall) {
    format({"--type=luks2", "--pbkdf=argon2id", "--pbkdf-force-iterations=4", "--pbkdf-memory=65536",
            "--pbkdf-parallel=1", "--key-size=512"});
    const auto header = read().value();
    EXPECT_THAT(header.keyslots, ElementsAre(LuksKeyslot{"0", "argon2id", 4, 65536, ""}));
    EXPECT_THAT(weaknesses_of(header, {}), SizeIs(0));
    LuksLimits more;
    more.argon2_memory_least = 65537;
    EXPECT_THAT(weaknesses_of(header, more), ElementsAre(HasSubstr("65536 KiB of memory")));
}

TEST_F(RealHeader, OfVersion1ReadsAsCryptsetupDumpsIt) {
    format({"--type=luks1", "--pbkdf-force-iterations=1000", "--key-size=256", "--cipher=aes-cbc-essiv:sha256"});
    const auto header = read().value();
    const auto dump = run_cryptsetup({"luksDump"});
    EXPECT_EQ(header.version, 1);
    EXPECT_EQ(header.uuid, dumped(dump, "UUID"));
    EXPECT_EQ(std::to_string(header.key_bits), dumped(dump, "MK bits"));
    EXPECT_THAT(header.ciphers, ElementsAre(dumped(dump, "Cipher name") + "-" + dumped(dump, "Cipher mode")));
    EXPECT_THAT(header.keyslots, ElementsAre(LuksKeyslot{"0", "pbkdf2", 1000, 0, ""}));
    const auto found = weaknesses_of(header, {});
    EXPECT_THAT(found, Contains(HasSubstr("older than LUKS2")));
    EXPECT_THAT(found, Contains(HasSubstr("aes-cbc-essiv:sha256")));
    EXPECT_THAT(found, SizeIs(3)) << "256 bits are enough for CBC, which has one key";
}

TEST_F(RealHeader, HasAllItsKeyslotsLookedAt) {
    format({"--type=luks2", "--pbkdf=argon2id", "--pbkdf-force-iterations=4", "--pbkdf-memory=65536"});
    const auto key = (ground.folder.path() / "key").native();
    // The file that cryptsetup works on comes last, but here the new key does.
    Command add;
    add.program = testing::cryptsetup;
    add.arguments = {"luksAddKey",  "-q", "--key-file", key, "--pbkdf=pbkdf2", "--pbkdf-force-iterations=2000",
                     file.native(), key};
    EXPECT_EQ(testing::run(ground.io, ground.processes.run(std::move(add))).value().status, 0);
    const auto header = read().value();
    EXPECT_THAT(header.keyslots, SizeIs(2));
    EXPECT_THAT(weaknesses_of(header, {}), ElementsAre(HasSubstr("keyslot 1: pbkdf2 with 2000")));
}

TEST_F(RealHeader, ThatIsDamagedOrCutShortIsRefused) {
    format({"--type=luks2", "--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000"});
    const auto bytes = read_start(file, header_most).value();
    EXPECT_TRUE(parse_luks(bytes).has_value());
    auto flipped = bytes;
    flipped[5000] ^= 1;
    EXPECT_EQ(parse_luks(flipped).error().code(), Errc::corrupt);
    for (const std::size_t length : {0UL, 5UL, 7UL, 16UL, 4095UL, 4096UL, 8192UL, 16383UL})
        EXPECT_TRUE(parse_luks(bytes.substr(0, length)).has_error()) << length;
    auto huge = bytes;
    huge[8] = '\x7f';
    EXPECT_THAT(parse_luks(huge).error().message(), HasSubstr("makes no sense"));
    auto other = bytes;
    other[7] = 3;
    EXPECT_THAT(parse_luks(other).error().message(), HasSubstr("version 3"));
}

TEST(NoHeader, IsNotFoundAndNeverReadAsOne) {
    EXPECT_EQ(luks_header_bytes(std::string(4096, '\0')).error().code(), Errc::not_found);
    EXPECT_EQ(parse_luks("").error().code(), Errc::not_found);
}

// Metadata that this machine's cryptsetup cannot make: states of a re-encryption, tokens of hardware.
std::string metadata(const std::string& segments, const std::string& tokens = "{}") {
    return R"({"keyslots":{
        "0":{"type":"luks2","key_size":64,"kdf":{"type":"argon2id","time":4,"memory":1048576,"cpus":4}},
        "1":{"type":"luks2","key_size":64,"kdf":{"type":"pbkdf2","hash":"sha512","iterations":1000}},
        "2":{"type":"luks2","key_size":32,"kdf":{"type":"pbkdf2","hash":"sha512","iterations":1}},
        "3":{"type":"reencrypt","key_size":1}},
      "digests":{"0":{"type":"pbkdf2","keyslots":["0","1","3"],"segments":["0","1"]},
                 "1":{"type":"pbkdf2","keyslots":["2"],"segments":[]}},
      "segments":)" +
           segments + R"(,"tokens":)" + tokens + "}";
}
const std::string whole = R"({"0":{"type":"crypt","encryption":"aes-xts-plain64"}})";

TEST(Luks2Metadata, LeavesOutKeyslotsThatOpenNothing) {
    const auto header = parse_luks2_metadata(metadata(whole)).value();
    EXPECT_THAT(header.keyslots, SizeIs(2));
    EXPECT_EQ(header.key_bits, 512);
    EXPECT_THAT(weaknesses_of(header, {}), ElementsAre(HasSubstr("keyslot 1")));
}

TEST(Luks2Metadata, ForgivesAFastDerivationWhereTheSecretIsRandom) {
    const auto header =
        parse_luks2_metadata(metadata(whole, R"({"0":{"type":"systemd-tpm2","keyslots":["1"]}})")).value();
    EXPECT_EQ(header.keyslots[1].token, "systemd-tpm2");
    EXPECT_THAT(weaknesses_of(header, {}), SizeIs(0));
    const auto other =
        parse_luks2_metadata(metadata(whole, R"({"0":{"type":"luks2-keyring","keyslots":["1"]}})")).value();
    EXPECT_THAT(weaknesses_of(other, {}), SizeIs(1)) << "a keyring may hold a passphrase";
}

TEST(Luks2Metadata, TellsADeviceThatIsOnlyPartlyEncrypted) {
    const auto partly =
        parse_luks2_metadata(metadata(R"({"0":{"type":"crypt","encryption":"aes-xts-plain64"},"1":{"type":"linear"}})"))
            .value();
    EXPECT_FALSE(partly.wholly_encrypted);
    const auto kept = parse_luks2_metadata(metadata(
        R"({"0":{"type":"crypt","encryption":"aes-xts-plain64"},"1":{"type":"linear","flags":["backup-previous"]}})"));
    EXPECT_TRUE(kept.value().wholly_encrypted) << "only what was before";
}

TEST(Luks2Metadata, ThatMakesNoSenseIsRefused) {
    for (const std::string& text :
         {std::string{}, std::string{"[]"}, std::string{"{}"}, metadata("{}"), metadata("[]"),
          metadata(R"({"0":{"type":"linear"}})"), metadata(R"({"0":{"type":"crypt"}})"), metadata(whole, "[]"),
          metadata(whole, R"({"0":{"type":"systemd-tpm2","keyslots":[1]}})")})
        EXPECT_TRUE(parse_luks2_metadata(text).has_error()) << text;
}

TEST(LuksKeys, OfXtsCountHalf) {
    LuksHeader header;
    header.version = 2;
    header.ciphers = {"aes-xts-plain64"};
    header.key_bits = 256;
    EXPECT_THAT(weaknesses_of(header, {}), ElementsAre(HasSubstr("a cipher key of 128 bits")));
    header.key_bits = 512;
    EXPECT_THAT(weaknesses_of(header, {}), SizeIs(0));
    LuksLimits limits;
    limits.key_bits_least = 257;
    EXPECT_THAT(weaknesses_of(header, limits), SizeIs(1));
}

}  // namespace
}  // namespace agent
