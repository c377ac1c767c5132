#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drift/baseline.hpp"
#include "drift/custom/user_check.hpp"
#include "support/check_ground.hpp"

namespace agent {
namespace {

using testing::finding_of;
using ::testing::HasSubstr;
using Names = std::vector<std::string>;

class Accounts : public ::testing::Test {
protected:
    Accounts() {
        baseline.common.name = CheckName{"accounts"};
        files.passwd = ground.folder.write("passwd",
                                           "root:x:0:0:root:/root:/bin/bash\n"
                                           "daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
                                           "alice:x:1000:100:Alice:/srv/alice:/bin/bash\n"
                                           "bob::1001:100::/srv/bob:/bin/sh\n");
        files.group = ground.folder.write("group", "root:x:0:\nusers:x:100:daemon\nsudo:x:27:alice,bob\n");
        files.shadow = ground.folder.write("shadow",
                                           "root:*:19000:0:99999:7:::\n"
                                           "alice:$y$j9T$x$y:19000:0:99999:7:::\n"
                                           "daemon:!:19000::::::\n");
    }
    CheckReport look() { return ground.look(std::make_shared<UserCheck>(baseline, files)); }
    Names faults(const std::string& keys) {
        const auto outcome = load_baseline(
            ground.folder.write("b.yaml", "version: 1\ncustom:\n  - {name: own, kind: user, " + keys + "}\n"));
        Names list;
        for (const auto& fault : outcome.faults) list.push_back(fault.key);
        return list;
    }
    testing::CheckGround ground;
    AccountFiles files;
    UserBaseline baseline;
};

TEST_F(Accounts, WithUidZeroBeyondThoseAllowedAreADrift) {
    baseline.superusers = Names{"root"};
    EXPECT_EQ(look().result, CheckResult::pass);
    ground.folder.write("passwd", "root:x:0:0::/root:/bin/sh\ntoor:x:00:0::/:/bin/sh\n");
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.reason, "accounts with uid 0: root, toor, not root");
}

TEST_F(Accounts, ThatMustOrMustNotExistAreLookedFor) {
    baseline.account = "mallory";
    EXPECT_EQ(look().reason, "account mallory: does not exist, not exists");
    baseline.exists = false;
    EXPECT_EQ(look().result, CheckResult::pass);
    baseline.account = "alice";
    EXPECT_EQ(look().result, CheckResult::drift);
}

TEST_F(Accounts, HaveTheShellThatIsDeclared) {
    baseline.account = "daemon";
    baseline.shell = "/usr/sbin/nologin";
    EXPECT_EQ(look().result, CheckResult::pass);
    baseline.account = "alice";
    EXPECT_EQ(finding_of(look(), "shell").found, "/bin/bash");
}

TEST_F(Accounts, AreLockedOrNotAsTheShadowSays) {
    baseline.locked = true;
    for (const auto* name : {"root", "daemon"}) {
        baseline.account = name;
        EXPECT_EQ(look().result, CheckResult::pass) << name;
    }
    baseline.account = "alice";
    EXPECT_EQ(finding_of(look(), "locked").found, "has a password");
    baseline.account = "bob";
    EXPECT_EQ(finding_of(look(), "locked").found, "without a password");
    baseline.locked = false;
    EXPECT_EQ(look().result, CheckResult::drift);
}

TEST_F(Accounts, WhoseShadowIsMissingOrHasNoLineAreAnErrorAndTheRestIsJudged) {
    baseline.account = "alice";
    baseline.shell = "/bin/bash";
    baseline.locked = true;
    ground.folder.write("shadow", "root:*:1::::::\n");
    EXPECT_THAT(finding_of(look(), "locked").reason, HasSubstr("has no line of alice"));
    std::filesystem::remove(files.shadow);
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_EQ(finding_of(report, "shell").result, CheckResult::pass);
}

TEST_F(Accounts, WhoseShadowMayNotBeReadAreAnErrorThatNamesTheRight) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may read everything; run as another user";
    ::chmod(files.shadow.c_str(), 0);
    baseline.account = "alice";
    baseline.locked = true;
    EXPECT_THAT(look().reason, HasSubstr("needs read permission"));
}

TEST_F(Accounts, OfAGroupAreThoseListedAndThoseWhosePrimaryGroupItIs) {
    baseline.group = "users";
    baseline.members = {"bob", "alice", "daemon"};
    EXPECT_EQ(look().result, CheckResult::pass) << look().reason;
    baseline.group = "sudo";
    baseline.members = {"alice"};
    EXPECT_EQ(look().reason, "members of group sudo: alice, bob, not alice");
    baseline.group = "wheel";
    EXPECT_EQ(finding_of(look(), "members").found, "no such group");
}

TEST_F(Accounts, OfFilesThatAreGarbageAreAnError) {
    ground.folder.write("passwd", "what\n");
    baseline.superusers = Names{"root"};
    baseline.account = "alice";
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_EQ(report.findings.size(), 2U);
}

TEST_F(Accounts, OfThisHostHaveRootWithUidZero) {
    files = {};
    baseline.account = "root";
    EXPECT_EQ(look().result, CheckResult::pass);
}

TEST_F(Accounts, AreDeclaredWholly) {
    EXPECT_TRUE(faults("uid_0: [root]").empty());
    EXPECT_FALSE(faults("severity: low").empty());
    EXPECT_FALSE(faults("shell: /bin/sh").empty());
    EXPECT_FALSE(faults("account: a, exists: false, locked: true").empty());
    EXPECT_FALSE(faults("group: sudo").empty());
    EXPECT_FALSE(faults("members: [a]").empty());
    EXPECT_TRUE(faults("group: sudo, members: []").empty());
}

}  // namespace
}  // namespace agent
