#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drift/baseline.hpp"
#include "drift/custom/command_check.hpp"
#include "support/check_ground.hpp"

namespace agent {
namespace {

using testing::finding_of;
using ::testing::HasSubstr;

class CommandChecked : public ::testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "needs root: only programs that are root's are run";
        baseline.common.name = CheckName{"own"};
    }
    CheckReport look(const std::filesystem::path& program) {
        baseline.argv = {program.native(), "$(id)", "a b"};
        return ground.look(std::make_shared<CommandCheck>(baseline), Duration{5'000});
    }
    testing::CheckGround ground;
    CommandBaseline baseline;
};

TEST_F(CommandChecked, GetsItsArgumentsAsTheyAreAndNoEnvironmentOfOurs) {
    ::setenv("OURS", "secret", 1);
    baseline.output = "[$(id)][a b]\n";
    EXPECT_EQ(look(ground.program("show", "printf '[%s][%s]\\n' \"$@\"")).result, CheckResult::pass);
    baseline.output.reset();
    baseline.contains = "OURS";
    EXPECT_EQ(look(ground.program("env", "env")).result, CheckResult::drift);
    ::unsetenv("OURS");
}

TEST_F(CommandChecked, IsJudgedByStatusAndOutputEachByItself) {
    baseline.status = 3;
    baseline.output = "fine";
    baseline.contains = "in";
    EXPECT_EQ(look(ground.program("good", "echo fine; exit 3")).result, CheckResult::pass);
    const auto wrong = look(ground.program("bad", "echo fine too; exit 4"));
    EXPECT_EQ(finding_of(wrong, "status").result, CheckResult::drift);
    EXPECT_EQ(finding_of(wrong, "output").result, CheckResult::drift);
    EXPECT_EQ(finding_of(wrong, "contains").result, CheckResult::pass);
}

TEST_F(CommandChecked, WhoseOutputMovesButStaysRightHasTheSameState) {
    baseline.contains = "load";
    const auto first = look(ground.program("moving", "echo load 1"));
    EXPECT_EQ(look(ground.program("moving", "echo load 2")).state, first.state);
}

TEST_F(CommandChecked, ThatIsMissingIsAnErrorThatNamesIt) {
    const auto report = look("/no/such/program");
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("/no/such/program"));
}

TEST_F(CommandChecked, ThatHangsIsATimeoutInTimeAndItsChildrenAreGone) {
    baseline.common.timeout = ground.short_limit;
    const auto report = look(ground.hanging_program("hang"));
    EXPECT_EQ(report.result, CheckResult::timeout);
    EXPECT_THAT(report.reason, HasSubstr("hang"));
    EXPECT_TRUE(ground.all_gone());
}

TEST_F(CommandChecked, ThatHangsIsNamedAlsoWhereTheLimitIsTheRounds) {
    baseline.argv = {ground.hanging_program("hang").native()};
    const auto report = ground.look(std::make_shared<CommandCheck>(baseline), ground.short_limit);
    EXPECT_EQ(report.result, CheckResult::timeout);
    EXPECT_THAT(report.reason, HasSubstr("hang"));
}

TEST_F(CommandChecked, ThatFloodsIsAnErrorOnlyForWhatCannotBeTold) {
    baseline.output = "x";
    baseline.contains = "xx";
    const auto report = look(ground.flooding_program("flood"));
    EXPECT_EQ(finding_of(report, "output").result, CheckResult::error);
    EXPECT_EQ(finding_of(report, "contains").result, CheckResult::pass);
    EXPECT_EQ(finding_of(report, "status").result, CheckResult::pass);
}

TEST_F(CommandChecked, ThatOthersCouldChangeIsNotRun) {
    const auto program = ground.program("open", "exit 0");
    EXPECT_EQ(look(program).result, CheckResult::pass);
    ::chmod(program.c_str(), 0775);
    EXPECT_THAT(look(program).reason, HasSubstr("may be written by others than root: not run"));
    ::chmod(program.c_str(), 0755);
    ASSERT_EQ(::chown(program.c_str(), 65534, 0), 0);
    EXPECT_THAT(look(program).reason, HasSubstr("belongs to somebody else than root: not run"));
    ASSERT_EQ(::chown(program.c_str(), 0, 0), 0);
    ::chmod(ground.folder.path().c_str(), 0777);
    EXPECT_EQ(look(program).result, CheckResult::error);
    ::chmod(ground.folder.path().c_str(), 0700);
    EXPECT_EQ(look(program).result, CheckResult::pass);
}

TEST_F(CommandChecked, BehindALinkIsAsSafeAsWhatTheLinkLeadsTo) {
    const auto program = ground.program("real", "exit 0");
    std::filesystem::create_symlink(program, ground.folder.path() / "link");
    EXPECT_EQ(look(ground.folder.path() / "link").result, CheckResult::pass);
    ::chmod(program.c_str(), 0757);
    EXPECT_EQ(look(ground.folder.path() / "link").result, CheckResult::error);
}

TEST(CommandKeys, AreCheckedWhereTheyStand) {
    testing::TemporaryDirectory folder;
    const auto key = [&](const std::string& keys) {
        const auto outcome = load_baseline(
            folder.write("b.yaml", "version: 1\ncustom:\n  - {name: own, kind: command, " + keys + "}\n"));
        return outcome.faults.empty() ? std::string{} : outcome.faults.front().key;
    };
    EXPECT_EQ(key("argv: [/usr/bin/id, -u], output: 0"), "");
    EXPECT_EQ(key("argv: [id]"), "custom[0].argv");
    EXPECT_EQ(key("argv: []"), "custom[0].argv");
    EXPECT_EQ(key("status: 0"), "custom[0].argv");
    EXPECT_EQ(key("argv: [/bin/true], status: 256"), "custom[0].status");
}

}  // namespace
}  // namespace agent
