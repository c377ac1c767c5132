// The kinds `sysctl` and `mount`: what the running kernel says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "drift/baseline.hpp"
#include "drift/custom/mount_check.hpp"
#include "drift/custom/sysctl_check.hpp"
#include "host/files.hpp"
#include "support/check_ground.hpp"

namespace agent {
namespace {

using testing::finding_of;
using ::testing::HasSubstr;
using testing::results_of;

class OwnCheck : public ::testing::Test {
protected:
    // Of a baseline with this one entry in `custom`.
    std::shared_ptr<const Check> check(const std::string& keys) {
        const auto file = ground.folder.write("baseline.yaml", "version: 1\ncustom:\n  - {name: own, " + keys + "}\n");
        auto outcome = load_baseline(file);
        for (const auto& fault : outcome.faults) ADD_FAILURE() << fault.to_string();
        for (const auto& one : outcome.baseline->checks)
            if (one->settings().name == CheckName{"own"}) return one;
        throw std::runtime_error{"no such check"};
    }
    std::string first_fault(const std::string& keys) {
        const auto file = ground.folder.write("baseline.yaml", "version: 1\ncustom:\n  - {name: own, " + keys + "}\n");
        const auto outcome = load_baseline(file);
        return outcome.faults.empty() ? "no fault" : outcome.faults.front().to_string();
    }
    testing::CheckGround ground;
};

TEST_F(OwnCheck, OfARealKernelSettingSeesWhatItIs) {
    EXPECT_EQ(ground.look(check("kind: sysctl, key: kernel.ostype, value: Linux")).result, CheckResult::pass);
    const auto wrong = ground.look(check("kind: sysctl, key: kernel/ostype, value: Plan9, severity: low"));
    EXPECT_EQ(wrong.result, CheckResult::drift);
    EXPECT_EQ(wrong.severity, Severity::low);
    EXPECT_EQ(wrong.reason, "kernel/ostype is Linux, not Plan9");
}

TEST_F(OwnCheck, OfASettingThatThisKernelDoesNotHaveIsADrift) {
    const auto report = ground.look(check("kind: sysctl, key: net.no.such, value: 1"));
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_THAT(report.reason, HasSubstr("this kernel has no setting net.no.such"));
}

TEST_F(OwnCheck, OfASettingThatCannotBeReadIsAnErrorThatNamesIt) {
    std::filesystem::create_directories(ground.folder.path() / "sys/kernel/secret");
    SysctlBaseline baseline;
    baseline.common.name = CheckName{"own"};
    baseline.key = "kernel.secret";
    baseline.value = "1";
    const auto report = ground.look(std::make_shared<SysctlCheck>(baseline, ground.folder.path() / "sys"));
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("secret"));
}

TEST_F(OwnCheck, OfASettingTakesRunsOfBlanksAsOne) {
    std::filesystem::create_directories(ground.folder.path() / "net/ipv4/conf/eth0.1");
    ground.folder.write("net/ipv4/tcp_mem", "1\t2\t 3\n");
    ground.folder.write("net/ipv4/conf/eth0.1/forwarding", "1\n");
    SysctlBaseline baseline;
    baseline.common.name = CheckName{"own"};
    for (const auto& [key, value] : {std::pair{"net.ipv4.tcp_mem", "1 2 3"},
                                     {"net.ipv4.conf.eth0/1.forwarding", "1"},
                                     {"net/ipv4/conf/eth0.1/forwarding", "1"}}) {
        baseline.key = key;
        baseline.value = value;
        const auto report = ground.look(std::make_shared<SysctlCheck>(baseline, ground.folder.path()));
        EXPECT_EQ(report.result, CheckResult::pass) << key << ": " << report.reason;
    }
}

TEST_F(OwnCheck, RefusesASettingThatLeadsElsewhere) {
    for (const auto* key : {"../../etc/passwd", "/etc/passwd", "kernel..ostype", "a b"})
        EXPECT_THAT(first_fault("kind: sysctl, value: 1, key: \"" + std::string{key} + '"'), HasSubstr("custom[0].key"))
            << key;
}

// What a kernel says in a name space that the test made: two mounts at one place, a blank in its name.
std::optional<std::string> table_of_own_mounts(testing::CheckGround& ground) {
    const auto place = ground.folder.path() / "a place";
    std::filesystem::create_directory(place);
    const auto table = ground.folder.path() / "mountinfo";
    const auto script = ground.program(
        "mounts", "mount -t ramfs first '" + place.native() + "' && mount -t tmpfs -o nodev,noexec,ro second '" +
                      place.native() + "' && cat /proc/self/mountinfo >'" + table.native() + "'");
    Command command;
    command.program = "/usr/bin/unshare";
    command.arguments = {"--mount", script.native()};
    const auto done = testing::run(ground.io, ground.processes.run(std::move(command)));
    if (done.has_error() || done.value().status != 0) return std::nullopt;
    return read_file(table, 1UL << 20U).value();
}

TEST_F(OwnCheck, OfRealMountsSeesTheLastWithTypeAndOptions) {
    const auto table = table_of_own_mounts(ground);
    if (!table) GTEST_SKIP() << "needs root to mount in a name space of its own";
    MountBaseline baseline;
    baseline.common.name = CheckName{"own"};
    baseline.path = ground.folder.path() / "a place";
    baseline.fstype = "tmpfs";
    baseline.options = {"nodev", "noexec", "ro"};
    baseline.forbidden = {"rw", "suid"};
    const auto look = [&] {
        return ground.look(std::make_shared<MountCheck>(
            baseline, std::vector<std::filesystem::path>{"/nonexistent", ground.folder.path() / "mountinfo"}));
    };
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::pass) << report.reason;
    EXPECT_EQ(*report.state.find("source"), Value{"second"});
    baseline.fstype = "ext4";
    baseline.options = {"nosuid", "nodev"};
    baseline.forbidden = {"noexec"};
    const auto wrong = look();
    EXPECT_EQ(finding_of(wrong, "fstype").result, CheckResult::drift);
    EXPECT_THAT(finding_of(wrong, "options").reason, HasSubstr("is mounted without nosuid"));
    EXPECT_THAT(finding_of(wrong, "forbidden_options").reason, HasSubstr("is mounted with noexec"));
    baseline = MountBaseline{baseline.common, "/not/mounted", true, std::nullopt, {}, {}};
    EXPECT_EQ(look().reason, "/not/mounted is not mounted");
    baseline.present = false;
    EXPECT_EQ(look().result, CheckResult::pass);
}

TEST_F(OwnCheck, OfThisHostsMountsFindsTheRoot) {
    EXPECT_EQ(ground.look(check("kind: mount, path: /, forbidden_options: [no-such-option]")).result,
              CheckResult::pass);
    EXPECT_EQ(ground.look(check("kind: mount, path: /proc/, fstype: proc")).result, CheckResult::pass);
    EXPECT_EQ(ground.look(check("kind: mount, path: /, present: false")).result, CheckResult::drift);
}

TEST(MountTable, WithAnEmptySourceIsRead) {
    const auto mounts = parse_mountinfo("36 35 98:0 / /mnt rw,noatime master:1 - tmpfs  ro,size=4k\n").value();
    const auto* mount = mount_at(mounts, "/mnt");
    ASSERT_NE(mount, nullptr);
    EXPECT_EQ(mount->type, "tmpfs");
    EXPECT_TRUE(mount->options.contains("ro"));
    EXPECT_FALSE(mount->options.contains("rw"));
}

TEST_F(OwnCheck, OfATableThatIsNoneIsAnError) {
    MountBaseline baseline;
    baseline.common.name = CheckName{"own"};
    baseline.path = "/";
    const auto report = ground.look(
        std::make_shared<MountCheck>(baseline, std::vector<std::filesystem::path>{ground.folder.path() / "none"}));
    EXPECT_EQ(report.result, CheckResult::error);
}

TEST_F(OwnCheck, RefusesAMountThatMustNotBeThereAndHasOptions) {
    EXPECT_THAT(first_fault("kind: mount, path: /x, present: false, fstype: ext4"), HasSubstr("custom[0].present"));
    EXPECT_THAT(first_fault("kind: mount, path: x"), HasSubstr("must be absolute"));
}

}  // namespace
}  // namespace agent
