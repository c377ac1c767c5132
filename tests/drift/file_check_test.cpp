#include "drift/custom/file_check.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "host/posix_process_runner.hpp"
#include "support/fake_time.hpp"
#include "support/no_units.hpp"
#include "support/run.hpp"
#include "support/temporary_directory.hpp"

namespace agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto digest_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class FileCheckOnARealFile : public ::testing::Test {
protected:
    void SetUp() override {
        folder.write("conf", "abc");
        chmod((folder.path() / "conf").c_str(), 0644);
        baseline.common.name = CheckName{"conf"};
        baseline.common.runbook = RunbookId{"RB-1"};
        baseline.path = folder.path() / "conf";
        baseline.sha256 = digest_of_abc;
        baseline.mode = 0644;
        baseline.owner = std::to_string(geteuid());
        baseline.group = std::to_string(getegid());
    }
    CheckReport look() {
        FileCheck check{baseline};
        std::string notes;
        CheckTools tools{runner, units, time, facts, std::nullopt};
        return testing::run(io, check.look(tools, notes)).value();
    }
    static std::vector<std::string> conditions(const CheckReport& report, CheckResult result) {
        std::vector<std::string> names;
        for (const auto& finding : report.findings)
            if (finding.result == result) names.push_back(finding.condition);
        return names;
    }
    asio::io_context io;
    testing::FakeTime time;
    PosixProcessRunner runner{time};
    testing::NoUnits units;
    RoundFacts facts;
    testing::TemporaryDirectory folder;
    FileBaseline baseline;
};

TEST_F(FileCheckOnARealFile, PassesWhereEverythingIsAsDeclared) {
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::pass) << report.reason;
    EXPECT_EQ(report.findings.size(), 6U);
    EXPECT_FALSE(report.severity);
    EXPECT_FALSE(report.recommended_runbook);
}

TEST_F(FileCheckOnARealFile, TellsEveryDifferenceByItself) {
    folder.write("conf", "abcd");
    chmod(baseline.path.c_str(), 0600);
    baseline.owner = "no-such-user";
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.severity, Severity::high);
    EXPECT_THAT(conditions(report, CheckResult::drift), ElementsAre("sha256", "mode", "owner"));
    EXPECT_EQ(report.recommended_runbook, RunbookId{"RB-1"});
    EXPECT_EQ(*report.facts.find("mode")->string(), "0600");
}

TEST_F(FileCheckOnARealFile, TellsAMissingFileAndOneThatShouldNotBeThere) {
    std::filesystem::remove(baseline.path);
    EXPECT_THAT(conditions(look(), CheckResult::drift), ElementsAre("presence"));
    baseline.present = false;
    EXPECT_EQ(look().result, CheckResult::pass);
    folder.write("conf", "");
    EXPECT_EQ(look().result, CheckResult::drift);
}

TEST_F(FileCheckOnARealFile, ALinkToTheRightContentIsADrift) {
    std::filesystem::rename(baseline.path, folder.path() / "real");
    std::filesystem::create_symlink("real", baseline.path);
    EXPECT_THAT(conditions(look(), CheckResult::drift), ElementsAre("kind"));
}

TEST_F(FileCheckOnARealFile, ItsStateDoesNotMoveWhenTheFileIsOnlyTouched) {
    const auto before = look().state;
    ASSERT_EQ(utimensat(AT_FDCWD, baseline.path.c_str(), nullptr, 0), 0);
    EXPECT_EQ(look().state, before);
}

TEST(FileCheckOfContent, ThatMayNotBeReadIsAnErrorAndTheRestIsStillJudged) {
    FileBaseline baseline;
    baseline.common.name = CheckName{"secret"};
    baseline.path = "/secret";
    baseline.sha256 = digest_of_abc;
    baseline.mode = 0600;
    FileFacts facts;
    facts.mode = 0644;
    const Error unreadable{Errc::system, "needs read permission on /secret (run as root)"};
    const auto report = judge_file(baseline, facts, unreadable);
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("needs read permission on /secret"));
    EXPECT_EQ(report.findings.back().condition, "mode");
    EXPECT_EQ(report.findings.back().result, CheckResult::drift);
}

}  // namespace
}  // namespace agent
