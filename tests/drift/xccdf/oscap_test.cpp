#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>

#include "drift/xccdf/xccdf_check.hpp"
#include "support/check_ground.hpp"
#include "xccdf_content.hpp"

namespace agent {
namespace {

using testing::finding_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::results_of;

constexpr const char* shipped = "/usr/share/xml/scap/ssg/content/ssg-debian11-ds.xml";
constexpr const char* scanner = "/usr/bin/oscap";
constexpr const char* nowhere = "http://127.0.0.1:1/oval.xml";

class Oscap : public ::testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root: oscap is run by nobody else";
        baseline.common.name = CheckName{"scap"};
        baseline.profile = "xccdf_com.example_profile_all";
        std::filesystem::create_directory(host.temporary);
    }
    [[nodiscard]] CheckReport look(Duration limit = Duration{50'000}) {
        baseline.common.timeout = limit;
        return ground.look(std::make_shared<XccdfCheck>(baseline, host), limit);
    }
    // A scanner that leaves `results` where the real one would and ends with `status`.
    void pretend(const std::string& results, int status) {
        const auto file = ground.folder.write("prepared.xml", results).native();
        baseline.datastream = file;
        host.program = ground.program("pretender", R"(while [ "$1" != --results ]; do shift; done; cp )" + file +
                                                       R"( "$2"; exit )" + std::to_string(status));
    }
    [[nodiscard]] std::vector<std::string> left_behind() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator{host.temporary})
            names.push_back(entry.path().filename().native());
        return names;
    }
    testing::CheckGround ground;
    XccdfBaseline baseline;
    OscapHost host{scanner, ground.folder.path() / "tmp"};
};

class RealOscap : public Oscap {
protected:
    void SetUp() override {
        Oscap::SetUp();
        if (IsSkipped()) return;
        if (!std::filesystem::exists(scanner)) GTEST_SKIP() << "openscap-scanner is not installed";
        baseline.datastream = testing::write_content(ground.folder, nowhere);
    }
};

TEST_F(RealOscap, OnEveryKindOfRuleNeverReadsAsFineWhatItDidNotJudge) {
    const auto without = look();
    const std::map<std::string, CheckResult> expected{
        {"there", CheckResult::drift},
        {"bad_pattern", CheckResult::error},
        {"other_system", CheckResult::error},
        {"by_hand", CheckResult::error},
        {"remote", CheckResult::error},
        {"elsewhere", CheckResult::not_applicable},
        {"unscored", CheckResult::not_applicable},
        {"unchecked", CheckResult::error},
    };
    EXPECT_EQ(results_of(without), expected);
    EXPECT_EQ(finding_of(without, "there").severity, Severity::high);
    EXPECT_EQ(finding_of(without, "by_hand").severity, Severity::low);
    EXPECT_THAT(finding_of(without, "there").reason, HasSubstr("The file is there & fine"));
    EXPECT_THAT(left_behind(), IsEmpty());
}

TEST_F(RealOscap, OnOneRuleTellsBothStatesAndAStateThatStaysStill) {
    baseline.rules = {"xccdf_com.example_rule_there"};
    const auto without = look();
    EXPECT_EQ(without.result, CheckResult::drift);
    EXPECT_EQ(look().state, without.state);
    ground.folder.write("there", "");
    const auto with = look();
    EXPECT_EQ(with.result, CheckResult::pass) << with.reason;
    EXPECT_NE(with.state, without.state);
    EXPECT_EQ(with.findings.size(), 1U);
}

TEST_F(RealOscap, IsToldWhichRulesToLeaveOutAndHowToTailor) {
    ground.folder.write("there", "");
    baseline.skip_rules = {"xccdf_com.example_rule_remote", "xccdf_com.example_rule_by_hand"};
    const auto skipped = results_of(look());
    EXPECT_FALSE(skipped.contains("remote"));
    EXPECT_FALSE(skipped.contains("by_hand"));
    EXPECT_TRUE(skipped.contains("unchecked"));
    baseline.skip_rules.clear();
    baseline.profile = "xccdf_com.example_profile_tailored";
    std::string tailoring = R"(<?xml version="1.0" encoding="UTF-8"?>
<Tailoring xmlns="http://checklists.nist.gov/xccdf/1.2" id="xccdf_com.example_tailoring_own">
  <version time="2026-01-01T00:00:00">1</version>
  <Profile id="xccdf_com.example_profile_tailored" extends="xccdf_com.example_profile_all"><title>Own</title>
)";
    // On lines of their own: oscap 1.3.7 overlooks every second of those with nothing between them.
    for (const std::string name : {"bad_pattern", "other_system", "by_hand", "remote", "unchecked"})
        tailoring += R"(<select idref="xccdf_com.example_rule_)" + name + R"(" selected="false"/>)" + std::string{"\n"};
    baseline.tailoring_file = ground.folder.write("tailoring.xml", tailoring + "</Profile></Tailoring>\n");
    const auto tailored = look();
    EXPECT_EQ(tailored.result, CheckResult::pass) << tailored.reason;
}

TEST_F(RealOscap, FetchesNothingFromWhereContentPoints) {
    const Descriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(listener.get(), std::bit_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(listener.get(), 1), 0);
    ASSERT_EQ(::getsockname(listener.get(), std::bit_cast<sockaddr*>(&address), &size), 0);
    const auto port = std::to_string(ntohs(address.sin_port));
    baseline.datastream = testing::write_content(ground.folder, "http://127.0.0.1:" + port + "/oval.xml");
    baseline.rules = {"xccdf_com.example_rule_remote"};
    EXPECT_EQ(finding_of(look(), "remote").result, CheckResult::error);
    EXPECT_EQ(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), -1);
    EXPECT_EQ(errno, EAGAIN);
}

TEST_F(RealOscap, OnAProfileThatSelectsNothingOrDoesNotExistIsAnError) {
    baseline.profile = "xccdf_com.example_profile_nothing";
    EXPECT_THAT(look().reason, HasSubstr("selects no rule"));
    EXPECT_EQ(look().result, CheckResult::error);
    baseline.profile = "xccdf_com.example_profile_none";
    const auto missing = look();
    EXPECT_EQ(missing.result, CheckResult::error);
    EXPECT_THAT(missing.reason, HasSubstr("No profile matching"));
    baseline.profile = "xccdf_com.example_profile_all";
    baseline.rules = {"xccdf_com.example_rule_there", "xccdf_com.example_rule_misspelt"};
    EXPECT_EQ(look().result, CheckResult::error);
    EXPECT_THAT(look().reason, HasSubstr("xccdf_com.example_rule_misspelt"));
}

TEST_F(RealOscap, OnGarbageOrMissingContentIsAnErrorThatNamesIt) {
    baseline.datastream = ground.folder.write("garbage.xml", "garbage");
    EXPECT_EQ(look().result, CheckResult::error);
    EXPECT_THAT(look().reason, HasSubstr("ended with status 1"));
    baseline.datastream = "/no/such/content.xml";
    EXPECT_THAT(look().reason, HasSubstr("/no/such/content.xml"));
    EXPECT_THAT(look().reason, HasSubstr("ssg-debian"));
}

class ShippedContent : public RealOscap {
protected:
    void SetUp() override {
        RealOscap::SetUp();
        if (IsSkipped()) return;
        if (!std::filesystem::exists(shipped)) GTEST_SKIP() << "ssg-debian is not installed";
        baseline.datastream = shipped;
        baseline.profile = "standard";
        baseline.rules = {"xccdf_org.ssgproject.content_rule_accounts_no_uid_except_zero",
                          "xccdf_org.ssgproject.content_rule_file_permissions_etc_passwd"};
    }
};

TEST_F(ShippedContent, OnASystemThatItIsForTellsBothStates) {
    const auto tree = ground.folder.path() / "root";
    ground.folder.write("root/etc/os-release", "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"11\"\nID=debian\n");
    ground.folder.write("root/etc/debian_version", "11.7\n");
    const auto passwd = ground.folder.write("root/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
    ASSERT_EQ(::chmod(passwd.c_str(), 0644), 0);
    // oscap's own way to judge a tree that is not the running system.
    host.program = ground.program("offline", "export OSCAP_PROBE_ROOT=" + tree.native() + "\nexec oscap \"$@\"");
    const auto good = look();
    EXPECT_EQ(good.result, CheckResult::pass) << good.reason;
    ground.folder.write("root/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nmallory:x:0:0::/:/bin/sh\n");
    const auto bad = look();
    EXPECT_EQ(finding_of(bad, "accounts_no_uid_except_zero").result, CheckResult::drift);
    EXPECT_EQ(finding_of(bad, "accounts_no_uid_except_zero").severity, Severity::high);
    EXPECT_EQ(finding_of(bad, "file_permissions_etc_passwd").result, CheckResult::pass);
    EXPECT_THAT(left_behind(), IsEmpty());
}

TEST_F(ShippedContent, OnASystemThatItIsNotForIsAnErrorThatSaysForWhich) {
    ground.folder.write("root/etc/os-release", "NAME=Other\nVERSION_ID=\"1\"\nID=other\n");
    host.program = ground.program(
        "offline", "export OSCAP_PROBE_ROOT=" + (ground.folder.path() / "root").native() + "\nexec oscap \"$@\"");
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("cpe:/o:debian:debian_linux:11"));
}

TEST_F(Oscap, ThatIsMissingIsAnErrorThatSaysWhatToInstall) {
    host.program = "/no/such/oscap";
    EXPECT_EQ(look().result, CheckResult::error);
    EXPECT_THAT(look().reason, HasSubstr("openscap-scanner"));
}

TEST_F(Oscap, ThatHangsIsATimeoutInTimeAndNothingOfItStays) {
    baseline.datastream = ground.folder.write("content.xml", "");
    const auto own = (host.temporary / "oscap.aBcDeF").native();
    const auto earlier = host.temporary / "oscap.before";
    std::filesystem::create_directory(earlier);
    const auto hanging = ground.hanging_program("hangs");
    host.program = ground.program("makes", "mkdir " + own + "; echo x >" + own + "/y; exec " + hanging.native());
    const auto report = look(Duration{1'000});
    EXPECT_EQ(report.result, CheckResult::timeout);
    EXPECT_THAT(report.reason, HasSubstr("makes"));
    EXPECT_TRUE(ground.all_gone());
    EXPECT_THAT(left_behind(), ::testing::ElementsAre("oscap.before")) << "what was there before is somebody else's";
}

TEST_F(Oscap, ThatWritesGarbageOrNothingIsAnError) {
    pretend("garbage", 0);
    EXPECT_EQ(look().result, CheckResult::error);
    EXPECT_THAT(look().reason, HasSubstr("line 1"));
    pretend(testing::recorded_results.substr(0, testing::recorded_results.size() / 2), 0);
    EXPECT_EQ(look().result, CheckResult::error);
    host.program = ground.program("silent", "exit 0");
    EXPECT_THAT(look().reason, HasSubstr("wrote no results"));
    host.program = ground.program("linking", R"(while [ "$1" != --results ]; do shift; done; ln -s /etc/passwd "$2")");
    EXPECT_EQ(look().result, CheckResult::error);
    EXPECT_THAT(left_behind(), IsEmpty());
}

TEST_F(Oscap, ThatEndsBadlyIsNotBelievedWhateverItWrote) {
    pretend(testing::recorded_results, 2);
    EXPECT_EQ(finding_of(look(), "there").result, CheckResult::drift);
    pretend(testing::recorded_results, 1);
    EXPECT_EQ(finding_of(look(), "oscap:run").result, CheckResult::error);
    EXPECT_EQ(look().findings.size(), 1U);
}

TEST_F(Oscap, ThatFloodsIsReadNoFurtherThanNeeded) {
    baseline.datastream = ground.folder.write("content.xml", "");
    host.program = ground.flooding_program("floods");
    EXPECT_THAT(look().reason, HasSubstr("wrote no results"));
    EXPECT_EQ(look().result, CheckResult::error);
}

TEST_F(Oscap, ThatWritesAHundredMegabytesOfResultsIsEndedBeforeTheDiskIsFull) {
    baseline.datastream = ground.folder.write("content.xml", "");
    host.program = ground.program("writes", R"(while [ "$1" != --results ]; do shift; done
exec dd if=/dev/zero of="$2" bs=65536 count=1600)");
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("more than 67108864 bytes"));
    EXPECT_THAT(left_behind(), IsEmpty());
}

TEST_F(Oscap, WhoseResultsAreLongIsReadInConstantMemory) {
    pretend(testing::replaced(testing::recorded_results, "<status>",
                              "<description>" + std::string(40'000'000, 'x') + "</description><status>"),
            2);
    rusage before{};
    ::getrusage(RUSAGE_SELF, &before);
    EXPECT_EQ(finding_of(look(), "there").result, CheckResult::drift);
    rusage after{};
    ::getrusage(RUSAGE_SELF, &after);
    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 16 * 1024) << "kilobytes";
}

TEST_F(Oscap, IsNotRunByWhoMayNotSeeEverything) {
    pretend(testing::recorded_results, 0);
    ASSERT_EQ(::seteuid(65534), 0);
    const auto report = look();
    ASSERT_EQ(::seteuid(0), 0);
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("needs root"));
}

TEST_F(Oscap, IsNotRunOnContentThatOthersCouldChange) {
    pretend(testing::recorded_results, 0);
    ASSERT_EQ(::chmod(baseline.datastream.c_str(), 0666), 0);
    EXPECT_THAT(look().reason, HasSubstr("may be written by others than root: not run"));
    ASSERT_EQ(::chmod(baseline.datastream.c_str(), 0644), 0);
    EXPECT_THAT(look().reason, Not(HasSubstr("not run")));
    baseline.tailoring_file = ground.folder.write("tailoring.xml", "");
    ASSERT_EQ(::chmod(baseline.tailoring_file->c_str(), 0666), 0);
    EXPECT_THAT(look().reason, HasSubstr("tailoring.xml may be written by others"));
}

}  // namespace
}  // namespace agent
