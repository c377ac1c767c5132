// What single checks learn of hosts that are not as simple as they might be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drift/custom/file_check.hpp"
#include "drift/custom/package_check.hpp"
#include "drift/custom/port_check.hpp"
#include "drift/custom/unit_check.hpp"
#include "drift/custom/user_check.hpp"
#include "drift/logging/logging_check.hpp"
#include "drift/time_sync/time_sync_check.hpp"
#include "support/learn_ground.hpp"

namespace agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Learning : public ::testing::Test {
protected:
    Learnt learn(const Check& check) {
        RoundFacts facts;
        CheckTools tools{ground.processes, ground.units, ground.time, facts, std::nullopt};
        return testing::run(ground.io, check.learn(tools)).value();
    }
    testing::CheckGround ground;
};

class LearningAFile : public Learning {
protected:
    LearningAFile() {
        baseline.path = ground.folder.write("file", "x");
        ::chmod(baseline.path.c_str(), 0644);
    }
    Learnt learn_it() { return learn(FileCheck{baseline}); }
    FileBaseline baseline;
};

TEST_F(LearningAFile, ThatOnlyHadToBeThereTellsAllOfIt) {
    EXPECT_THAT(learn_it().lines,
                StartsWith("present: true\nsha256: 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\n"
                           "mode: \"0644\"\nowner: "));
}

TEST_F(LearningAFile, RenewsOnlyWhatTheBaselineExpects) {
    baseline.mode = 0600;
    EXPECT_EQ(learn_it().lines, "present: true\nmode: \"0644\"\n");
}

TEST_F(LearningAFile, ThatIsNotThereLeavesNothingElseToExpect) {
    std::filesystem::remove(baseline.path);
    const auto learnt = learn_it();
    EXPECT_EQ(learnt.lines, "present: false\n");
    EXPECT_THAT(learnt.settled, ElementsAre("sha256", "mode", "owner", "group"));
}

TEST_F(LearningAFile, DoesNotTakeALinkForIt) {
    std::filesystem::remove(baseline.path);
    std::filesystem::create_symlink("/etc/passwd", baseline.path);
    const auto learnt = learn_it();
    EXPECT_EQ(learnt.lines, "");
    EXPECT_THAT(learnt.remarks, ElementsAre(StartsWith("there is a symbolic link")));
}

TEST_F(LearningAFile, ThatMayNotBeReadNamesTheRightAndStillTellsTheRest) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody without rights";
    ::chmod(baseline.path.c_str(), 0600);
    ::chmod(ground.folder.path().c_str(), 0755);
    ASSERT_EQ(seteuid(65534), 0);
    const auto learnt = learn_it();
    ASSERT_EQ(seteuid(0), 0);
    EXPECT_THAT(learnt.unknown, ElementsAre(HasSubstr("needs read permission")));
    EXPECT_EQ(learnt.lines, "present: true\nmode: \"0600\"\nowner: root\ngroup: root\n");
}

TEST_F(Learning, AUnitSaysOnlyWhatIsExpectedOfIt) {
    UnitBaseline baseline;
    baseline.unit = "a.service";
    baseline.enabled = "true";
    auto unit = testing::FakeUnits::active();
    unit.unit_file_state = "static";
    ground.units.units["a.service"] = unit;
    EXPECT_EQ(learn(UnitCheck{baseline}).lines, "enabled: static\n");
    ground.units.units["a.service"].unit_file_state = "masked";
    EXPECT_EQ(learn(UnitCheck{baseline}).lines, "enabled: false\n");
    baseline.enabled = "masked";
    baseline.active = false;
    EXPECT_EQ(learn(UnitCheck{baseline}).lines, "active: true\nenabled: masked\n");
}

TEST_F(Learning, APackageOfTwoVersionsSaysSo) {
    PackageBaseline baseline;
    baseline.package = "libx";
    baseline.version = "1";
    baseline.version_at_least = "1";
    PackageHost host;
    const std::string installed = "Package: libx\nStatus: install ok installed\nArchitecture: ";
    host.dpkg_status = ground.folder.write(
        "status", installed + "amd64\nVersion: 1.10-1\n\n" + installed + "i386\nVersion: 1.9-1\n\n");
    const auto learnt = learn(PackageCheck{baseline, host});
    EXPECT_EQ(learnt.lines, "present: true\nversion: 1.10-1\nversion_at_least: 1.9-1\n");
    EXPECT_THAT(learnt.remarks, ElementsAre(HasSubstr("different versions")));
}

TEST_F(Learning, OpenPortsAreAddedToThoseThatWereAllowed) {
    const std::string heading =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
    const std::string rest =
        " 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0 100 0 0 10 0\n";
    ground.folder.write("net/tcp", heading + "   0: 00000000:0016" + rest + "   1: 0100000A:0050" + rest);
    ground.folder.write("net/udp", heading);
    PortBaseline baseline;
    baseline.allowed_words = {"443/tcp"};
    baseline.allowed = {parse_allowed_port("443/tcp").value()};
    const auto learnt = learn(PortCheck{baseline, ground.folder.path()});
    EXPECT_THAT(learnt.unknown, IsEmpty());
    EXPECT_EQ(learnt.lines, "allowed: [443/tcp, 22/tcp, \"10.0.0.1:80/tcp\"]\n");
    EXPECT_THAT(learnt.remarks, ElementsAre(HasSubstr("22/tcp is open by"), HasSubstr("10.0.0.1:80/tcp is open by")));
}

class LearningAccounts : public Learning {
protected:
    LearningAccounts() {
        ground.folder.write("passwd",
                            "root:x:0:0::/root:/bin/sh\ntoor:!:00:0::/root:/bin/sh\nann:x:7:9::/:/bin/rbash\n");
        ground.folder.write("group", "root:x:0:\nadm:x:9:bob,root\n");
        ground.folder.write("shadow", "root:$y$hash:1::::::\nann:!:1::::::\n");
        files = {ground.folder.path() / "passwd", ground.folder.path() / "group", ground.folder.path() / "shadow"};
    }
    AccountFiles files;
    UserBaseline baseline;
};

TEST_F(LearningAccounts, TellsWhoTheyAre) {
    baseline.superusers = {"root"};
    baseline.account = "ann";
    baseline.locked = false;
    baseline.shell = "/bin/sh";
    baseline.group = "adm";
    EXPECT_EQ(learn(UserCheck{baseline, files}).lines,
              "uid_0: [root, toor]\nexists: true\nshell: /bin/rbash\nlocked: true\nmembers: [ann, bob, root]\n");
}

TEST_F(LearningAccounts, WithoutTheShadowFileDoNotTellWhoIsLocked) {
    std::filesystem::remove(files.shadow);
    baseline.account = "ann";
    baseline.locked = true;
    const auto learnt = learn(UserCheck{baseline, files});
    EXPECT_EQ(learnt.lines, "exists: true\n");
    EXPECT_THAT(learnt.unknown, ElementsAre(HasSubstr("shadow")));
}

TEST_F(Learning, ALoggerThatDoesNotRunStaysExpected) {
    LoggingBaseline baseline;
    baseline.units = std::vector<std::string>{"systemd-journald.service", "rsyslog.service"};
    ground.units.units["systemd-journald.service"] = testing::FakeUnits::active();
    ground.units.units["auditd.service"] = testing::FakeUnits::active();
    const auto learnt = learn(LoggingCheck{baseline, LogHost{}});
    EXPECT_EQ(learnt.lines, "units: [systemd-journald.service, rsyslog.service]\naudit: true\n");
    EXPECT_THAT(learnt.remarks, ElementsAre(StartsWith("rsyslog.service does not run")));
    ground.units.reachable = false;
    EXPECT_EQ(learn(LoggingCheck{baseline, LogHost{}}).unknown.size(), 3U);
}

TEST_F(Learning, TheDaemonThatKeepsTheClockIsTheDeclaredOneWhereItIsThere) {
    ClockHost host;
    host.chrony_socket = ground.folder.write("chronyd.sock", "");
    host.timesyncd_folder = ground.folder.path();
    host.ntpd_pid_file = ground.folder.path() / "none";
    TimeSyncBaseline baseline;
    EXPECT_EQ(learn(TimeSyncCheck{baseline, host}).lines, "service: chrony\n");
    baseline.service = ClockService::timesyncd;
    EXPECT_EQ(learn(TimeSyncCheck{baseline, host}).lines, "service: timesyncd\n");
    baseline.common.name = CheckName{"time_sync"};
    const auto section = testing::learnt_by(ground, std::make_shared<TimeSyncCheck>(baseline, host));
    EXPECT_EQ(dynamic_cast<const TimeSyncCheck&>(*section).baseline().service, ClockService::timesyncd);
    host.chrony_socket = host.timesyncd_folder = ground.folder.path() / "none";
    EXPECT_THAT(learn(TimeSyncCheck{baseline, host}).remarks, ElementsAre(HasSubstr("neither chrony")));
}

}  // namespace
}  // namespace agent
