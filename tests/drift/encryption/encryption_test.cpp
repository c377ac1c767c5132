// Stacks of storage prepared in a folder, read as sysfs is. The LUKS headers in them are cryptsetup's own.
#include <unistd.h>

#include <algorithm>

#include "drift/encryption/encryption_report.hpp"
#include "drift/encryption/storage_tree.hpp"
#include "support/learn_ground.hpp"

namespace agent {
namespace {

using ::testing::ElementsAre;
using testing::finding_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::results_of;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

const std::string some_uuid = "0123456789abcdef0123456789abcdef";

class StoredData : public ::testing::Test {
protected:
    void SetUp() override { baseline.common.name = CheckName{"encryption"}; }
    CheckReport look() { return ground.look(std::make_shared<EncryptionCheck>(baseline, tree.host())); }

    // A real header on `device` of the tree; gives the UUID as the kernel writes it. Skips the test without cryptsetup.
    std::string format(const std::string& device, std::vector<std::string> options) {
        const auto file = tree.at("dev") / device;
        std::filesystem::resize_file(file, 20UL * 1024UL * 1024UL);
        options.insert(options.begin(), {"luksFormat", "-q", "--key-file", ground.folder.write("key", "x").native()});
        options.push_back(file.native());
        static_cast<void>(run_cryptsetup(std::move(options)));
        auto uuid = run_cryptsetup({"luksUUID", file.native()});
        std::erase_if(uuid, [](char c) { return c == '-' || c == '\n'; });
        return uuid;
    }
    std::string run_cryptsetup(std::vector<std::string> arguments) {
        Command command;
        command.program = testing::cryptsetup;
        command.arguments = std::move(arguments);
        auto exit = testing::run(ground.io, ground.processes.run(std::move(command))).value();
        EXPECT_EQ(exit.status, 0) << exit.standard_error.head;
        return exit.standard_output.head;
    }
    static bool has_cryptsetup() { return std::filesystem::exists(testing::cryptsetup); }

    testing::CheckGround ground;
    testing::StorageTree tree{ground.folder};
    EncryptionBaseline baseline;
};

#define NEEDS_CRYPTSETUP() \
    if (!has_cryptsetup()) GTEST_SKIP() << "needs cryptsetup-bin (config/packages.txt, section test)"

const std::vector<std::string> strong{"--type=luks2", "--pbkdf=argon2id", "--pbkdf-force-iterations=4",
                                      "--pbkdf-memory=65536", "--key-size=512"};
const std::vector<std::string> weak{"--type=luks2", "--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000"};

TEST_F(StoredData, OnAPlainPartitionIsCritical) {
    tree.disk("sda");
    tree.partition("sda", "sda2");
    tree.mount("/", "sda2");
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.severity, Severity::critical);
    EXPECT_EQ(finding_of(report, "mount:/").found, "sda2 on sda");
    EXPECT_THAT(report.reason, HasSubstr("lies open on sda"));
}

TEST_F(StoredData, OnLvmOnLuksPassesWithStrongParametersAndItsStateStaysStill) {
    NEEDS_CRYPTSETUP();
    tree.disk("sda");
    tree.partition("sda", "sda2");
    const auto uuid = format("sda2", strong);
    tree.layer("dm-0", {"sda2"}, "crypt", "CRYPT-LUKS2-" + uuid + "-crypt");
    tree.layer("dm-1", {"dm-0"}, "vg-root", "LVM-abc");
    tree.layer("dm-2", {"dm-0"}, "vg-swap", "LVM-def");
    tree.mount("/", "dm-1");
    tree.swap("/dev/dm-2");
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::pass) << report.reason;
    EXPECT_EQ(finding_of(report, "mount:/").found, "vg-root (LVM) on crypt (LUKS2) on sda2 on sda");
    EXPECT_EQ(results_of(report).size(), 3U) << "one header, met twice";
    EXPECT_THAT(finding_of(report, "luks:crypt").found, HasSubstr("LUKS2, aes-xts-plain64, 512 bit key"));
    EXPECT_EQ(finding_of(report, "swap:vg-swap").result, CheckResult::pass);
    EXPECT_EQ(look().state, report.state);
    EXPECT_EQ(report.facts, report.state);
}

TEST_F(StoredData, UnderWeakParametersIsMedium) {
    NEEDS_CRYPTSETUP();
    tree.disk("sda");
    const auto uuid = format("sda", weak);
    tree.layer("dm-0", {"sda"}, "crypt", "CRYPT-LUKS2-" + uuid + "-crypt");
    tree.mount("/", "dm-0");
    const auto report = look();
    EXPECT_EQ(report.severity, Severity::medium);
    EXPECT_EQ(finding_of(report, "mount:/").result, CheckResult::pass);
    EXPECT_THAT(report.reason, HasSubstr("pbkdf2 with 1000 iterations"));
    baseline.luks.pbkdf2_iterations_least = 1000;
    EXPECT_EQ(look().result, CheckResult::pass);
}

TEST_F(StoredData, UnderAHeaderThatIsMissingOrAnotherOnesIsAnError) {
    NEEDS_CRYPTSETUP();
    tree.disk("sda");
    tree.layer("dm-0", {"sda"}, "crypt", "CRYPT-LUKS2-" + some_uuid + "-crypt");
    tree.mount("/", "dm-0");
    const auto none = look();
    EXPECT_EQ(finding_of(none, "luks:crypt").result, CheckResult::error);
    EXPECT_EQ(finding_of(none, "luks:crypt").severity, Severity::medium);
    EXPECT_THAT(none.reason, HasSubstr("a header kept elsewhere"));
    static_cast<void>(format("sda", strong));
    EXPECT_THAT(look().reason, HasSubstr("it was replaced since"));
}

TEST_F(StoredData, OnRaidIsEncryptedOnlyIfEveryLegIs) {
    tree.disk("sda");
    tree.disk("sdb");
    tree.layer("dm-0", {"sda"}, "left", "CRYPT-PLAIN-left");
    tree.layer("dm-1", {"sdb"}, "right", "CRYPT-PLAIN-right");
    tree.layer("md0", {"dm-0", "dm-1"});
    tree.layer("md1", {"dm-0", "sdb"});
    tree.mount("/", "md0");
    EXPECT_EQ(look().result, CheckResult::pass) << look().reason;
    tree.mount("/", "md1");  // above the other one
    const auto report = look();
    EXPECT_EQ(report.severity, Severity::critical);
    EXPECT_EQ(finding_of(report, "mount:/").found, "md1 on left (PLAIN) on sda and sdb");
}

TEST_F(StoredData, UnderIntegrityOrVerityAloneIsNotEncrypted) {
    tree.disk("sda");
    tree.layer("dm-0", {"sda"}, "verity", "CRYPT-VERITY-" + some_uuid + "-verity");
    tree.mount("/", "dm-0");
    EXPECT_EQ(look().severity, Severity::critical);
}

TEST_F(StoredData, OnBtrfsIsFollowedToAllItsDevices) {
    tree.disk("sda");
    tree.disk("sdb");
    tree.layer("dm-0", {"sda"}, "left", "CRYPT-PLAIN-left");
    tree.btrfs("/", {"dm-0"});
    EXPECT_EQ(look().result, CheckResult::pass) << look().reason;
    tree.btrfs("/", {"dm-0", "sdb"});
    EXPECT_EQ(look().severity, Severity::critical) << "the other device is plain";
    std::filesystem::remove_all(tree.at("sys/fs/btrfs"));
    std::filesystem::create_directories(tree.at("sys/fs/btrfs"));
    EXPECT_EQ(look().result, CheckResult::error);
}

TEST_F(StoredData, InAFileBehindALoopDeviceIsFollowedToWhereTheFileIs) {
    tree.disk("sda");
    tree.layer("dm-0", {"sda"}, "crypt", "CRYPT-PLAIN-crypt");
    tree.mount("/", "dm-0");
    tree.disk("loop0");
    tree.attribute("loop0", "loop/backing_file", "/srv/image");
    tree.mount("/data", "loop0");
    baseline.mounts = {"/", "/data"};
    EXPECT_EQ(look().result, CheckResult::pass) << look().reason;
    tree.disk("sdb");
    tree.mount("/srv", "sdb");
    EXPECT_EQ(finding_of(look(), "mount:/data").severity, Severity::critical);
    // A loop that leads back to itself.
    tree.mount("/srv", "loop0");
    EXPECT_EQ(finding_of(look(), "mount:/data").result, CheckResult::error);
}

TEST_F(StoredData, ThatCannotBeFollowedIsAnErrorThatSaysWhy) {
    baseline.mounts = {"/zfs", "/overlay", "/nfs", "/odd", "/memory"};
    tree.mount("/zfs", "tank", "zfs");
    tree.mount("/overlay", "overlay", "overlay");
    tree.mount("/nfs", "server:/x", "nfs4");
    tree.mount("/odd", "x", "oddfs");
    tree.mount("/memory", "tmpfs", "tmpfs");
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(finding_of(report, "mount:/zfs").reason, HasSubstr("ZFS itself is not looked at"));
    EXPECT_THAT(finding_of(report, "mount:/overlay").reason, HasSubstr("layers"));
    EXPECT_THAT(finding_of(report, "mount:/nfs").reason, HasSubstr("another machine"));
    EXPECT_EQ(finding_of(report, "mount:/odd").result, CheckResult::error);
    EXPECT_EQ(finding_of(report, "mount:/memory").found, "in memory only");
}

TEST_F(StoredData, ThatIsNotMountedIsADrift) {
    tree.disk("sda");
    tree.mount("/other", "sda");
    EXPECT_EQ(finding_of(look(), "mount:/").severity, Severity::high);
}

TEST_F(StoredData, InSwapIsFollowedLikewise) {
    tree.disk("sda");
    tree.disk("sdb");
    tree.disk("zram0");
    tree.attribute("zram0", "backing_dev", "none");
    tree.layer("dm-0", {"sda"}, "crypt", "CRYPT-PLAIN-crypt");
    tree.layer("dm-1", {"sdb"}, "cryptswap", "CRYPT-PLAIN-cryptswap");
    tree.mount("/", "dm-0");
    EXPECT_EQ(finding_of(look(), "swap").found, "none");
    tree.swap("/dev/zram0");
    tree.swap("/dev/mapper/cryptswap");
    tree.swap("/swap\\040file", "file");
    EXPECT_EQ(look().result, CheckResult::pass) << look().reason;
    EXPECT_EQ(finding_of(look(), "swap:/swap file").found, "crypt (PLAIN) on sda");
    tree.attribute("zram0", "backing_dev", "/dev/sdb");
    EXPECT_EQ(finding_of(look(), "swap:/dev/zram0").severity, Severity::critical) << "it writes pages out";
    tree.swap("/dev/sdb");
    EXPECT_EQ(finding_of(look(), "swap:/dev/sdb").severity, Severity::critical);
    tree.swap("/dev/gone");
    EXPECT_EQ(finding_of(look(), "swap:/dev/gone").result, CheckResult::error);
    baseline.swap = false;
    EXPECT_EQ(look().result, CheckResult::pass);
}

TEST_F(StoredData, InNamedVolumesMustBeThere) {
    tree.disk("sda");
    tree.layer("dm-0", {"sda"}, "vault", "CRYPT-LUKS2-" + some_uuid + "-vault");
    tree.layer("dm-1", {"sda"}, "lookalike", "LVM-vault");
    tree.mount("/", "dm-1");
    baseline.volumes = {"vault", "01234567-89ab-cdef-0123-456789abcdef", "missing", "lookalike"};
    const auto report = look();
    EXPECT_EQ(finding_of(report, "volume:vault").result, CheckResult::pass);
    EXPECT_EQ(finding_of(report, "volume:01234567-89ab-cdef-0123-456789abcdef").result, CheckResult::pass);
    EXPECT_EQ(finding_of(report, "volume:missing").severity, Severity::high);
    EXPECT_EQ(finding_of(report, "volume:lookalike").severity, Severity::critical);
    EXPECT_EQ(results_of(report).count("luks:vault"), 1U) << "its header is looked at too";
}

TEST_F(StoredData, IsUnknownWithoutProcOrSys) {
    const auto report = look();  // no mountinfo was written
    EXPECT_EQ(finding_of(report, "mounts").result, CheckResult::error);
    ground.folder.write("proc/mountinfo", "garbage\n");
    EXPECT_EQ(look().result, CheckResult::error);
    ground.folder.write("proc/swaps", "garbage\n");
    EXPECT_EQ(finding_of(look(), "swap").result, CheckResult::error);
    tree.disk("sda");
    tree.mount("/", "sda");
    std::filesystem::remove_all(tree.at("sys"));
    EXPECT_EQ(finding_of(look(), "mount:/").result, CheckResult::error);
}

TEST_F(StoredData, UnderAHeaderThatMayNotBeReadNamesTheRight) {
    tree.disk("sda");
    tree.layer("dm-0", {"sda"}, "crypt", "CRYPT-LUKS2-" + some_uuid + "-crypt");
    tree.mount("/", "dm-0");
    std::filesystem::permissions(tree.at("dev/sda"), std::filesystem::perms::none);
    // Rights of the file system do not bind root; those of another user's eyes do.
    const bool is_root = geteuid() == 0;
    if (is_root) {
        std::filesystem::permissions(ground.folder.path(), std::filesystem::perms::all);
        ASSERT_TRUE(seteuid(65534) == 0);
    }
    const auto report = look();
    ASSERT_TRUE(!is_root || seteuid(0) == 0);
    EXPECT_EQ(finding_of(report, "luks:crypt").result, CheckResult::error);
    EXPECT_THAT(finding_of(report, "luks:crypt").reason, HasSubstr("needs read permission"));
    EXPECT_THAT(finding_of(report, "luks:crypt").reason, HasSubstr("run as root"));
}

TEST_F(StoredData, IsLearntAsItIsNowAndWhatWasDemandedStaysSo) {
    tree.disk("sda");
    tree.disk("sdb");
    tree.layer("dm-0", {"sda"}, "vault", "CRYPT-LUKS2-" + some_uuid + "-vault");
    tree.mount("/", "sdb");
    tree.mount("/srv/my\\040data", "dm-0");
    tree.mount("/boot", "sdb");
    baseline.mounts = {"/", "/absent"};
    RoundFacts facts;
    CheckTools tools{ground.processes, ground.units, ground.time, facts, std::nullopt};
    const EncryptionCheck check{baseline, tree.host()};
    const auto learnt = testing::run(ground.io, check.learn(tools)).value();
    EXPECT_EQ(learnt.lines, "mounts: [/, /absent, \"/srv/my data\"]\nvolumes: [vault]\n");
    EXPECT_THAT(learnt.remarks,
                UnorderedElementsAre(StartsWith("/ is not encrypted"), StartsWith("nothing is mounted at /absent"),
                                     "not encrypted, and so not proposed: /boot"));
    EXPECT_THAT(learnt.unknown, IsEmpty());
}

TEST_F(StoredData, IsLearntIntoABaselineThatItPasses) {
    NEEDS_CRYPTSETUP();
    tree.disk("sda");
    tree.layer("dm-0", {"sda"}, "root", "CRYPT-LUKS2-" + format("sda", strong) + "-root");
    tree.mount("/", "dm-0");
    tree.mount("/var", "dm-0");
    const auto learnt = testing::learnt_by(ground, std::make_shared<EncryptionCheck>(baseline, tree.host()));
    baseline = dynamic_cast<const EncryptionCheck&>(*learnt).baseline();
    EXPECT_THAT(baseline.mounts, ElementsAre("/", "/var"));
    EXPECT_THAT(baseline.volumes, ElementsAre("root"));
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::pass) << report.reason;
}

TEST(StorageOfThisMachine, IsLookedAtWithoutFailingToAnswer) {
    testing::CheckGround ground;
    EncryptionBaseline baseline;
    baseline.common.name = CheckName{"encryption"};
    const auto report = ground.look(std::make_shared<EncryptionCheck>(baseline, EncryptionHost{}));
    EXPECT_EQ(results_of(report).count("mount:/"), 1U) << report.reason;
}

class EncryptionSection : public ::testing::Test {
protected:
    EncryptionBaseline read(const std::string& text) {
        faults.clear();
        const auto yaml = parse_yaml(text, "b.yaml");
        MapReader reader{yaml.value().path, yaml.value().root, "checks.encryption", faults};
        const auto check = read_encryption(reader, CheckName{"encryption"});
        reader.finish();
        return dynamic_cast<const EncryptionCheck&>(*check).baseline();
    }
    Faults faults;
};

TEST_F(EncryptionSection, IsReadWithItsDefaultsAndItsFaults) {
    EXPECT_EQ(read("{}").mounts, std::vector<std::string>{"/"});
    const auto full = read(
        "mounts: [/, /srv]\nvolumes: [vault]\nswap: false\nluks: {least_version: 1, ciphers: [aes-xts-plain64, "
        "serpent-xts-plain64], key_bits: 128, argon2_memory_kib: 1, pbkdf2_iterations: 2}\n");
    EXPECT_TRUE(faults.empty()) << faults.front().to_string();
    EXPECT_FALSE(full.swap);
    EXPECT_EQ(full.luks.version_least, 1);
    EXPECT_EQ(full.luks.ciphers.size(), 2U);
    for (const char* text : {"mounts: [home]", "mounts: [/srv/]", "mounts: []\nswap: false", "luks: {least_version: 3}",
                             "luks: {cipher: x}", "swap: maybe"}) {
        static_cast<void>(read(text));
        EXPECT_EQ(faults.size(), 1U) << text;
    }
}

TEST(MountTable, IsReadWithItsEscapesAndOptionalFields) {
    const auto mounts = parse_mountinfo(
                            "36 35 98:0 /r /my\\040mount rw,noatime master:1 shared:2 - ext4 /dev/root rw\n"
                            "37 36 0:31 / / rw - tmpfs tmpfs rw\n")
                            .value();
    EXPECT_EQ(mounts[0], (Mount{"98:0", "/my mount", "ext4", "/dev/root", {"noatime", "rw"}}));
    EXPECT_EQ(mount_holding(mounts, "/my mount/x")->point, "/my mount");
    EXPECT_EQ(mount_holding(mounts, "/my mounts/x")->point, "/");
    for (const char* text : {"", "\n", "36 35 98:0 /r /m rw - \n", "36 35 98:0 /r /m rw ext4 /dev/x rw\n",
                             "36 35 98 /r /m rw - ext4 /dev/x rw\n", "36 35 ../..:0 /r /m rw - ext4 x rw\n"})
        EXPECT_TRUE(parse_mountinfo(text).has_error()) << text;
    EXPECT_TRUE(parse_swaps("Filename Type\n").value().empty());
    for (const char* text : {"", "x\n", "Filename\n/dev/x odd 1 1 1\n", "Filename\nx file 1 1 1\n"})
        EXPECT_TRUE(parse_swaps(text).has_error()) << text;
}

}  // namespace
}  // namespace agent
