// A real borg and real repositories on disk.
#include "drift/backup/backup_ground.hpp"

namespace agent {
namespace {

using std::chrono::hours;
using testing::finding_of;
using ::testing::HasSubstr;

constexpr const char* borg = "/usr/bin/borg";

class BorgRepository : public testing::BackupGround {
protected:
    void SetUp() override {
        if (!std::filesystem::exists(borg)) GTEST_SKIP() << "needs borgbackup (config/packages.txt, section test)";
        BackupGround::SetUp();
        // A blank and a quote, which borg's own splitting of words must survive.
        baseline.password_file = secret("its pass'word", "correct horse\n");
        baseline.cache = at("cache of the check");
        use(BackupKind::borg, at("repository"));
        run_borg({"init", "--encryption=repokey"});
    }
    void run_borg(std::vector<std::string> arguments) {
        tool(borg, std::move(arguments),
             {"BORG_REPO=" + baseline.repository, "BORG_PASSPHRASE=correct horse",
              "BORG_BASE_DIR=" + at("cache of the job").native()});
    }
    void back_up(const std::string& name, std::size_t bytes, Duration age) {
        ground.folder.write("data/file", std::string(bytes, 'x'));
        run_borg({"create", "--timestamp=" + ago(age, 'T'), "::" + name, at("data")});
    }
};

TEST_F(BorgRepository, OfOldAndShrunkBackupsIsADrift) {
    back_up("one", 3000, hours{72});
    back_up("two", 1400, hours{30});
    const auto first = look();
    EXPECT_EQ(finding_of(first, "last_success").severity, Severity::high) << first.reason;
    EXPECT_THAT(finding_of(first, "size").found, HasSubstr("no earlier one")) << "one size is asked a look";
    EXPECT_EQ(finding_of(look(), "size").severity, Severity::high);
}

TEST_F(BorgRepository, OfFreshBackupsPassesAndCountsOnlyArchivesThatAreMeant) {
    baseline.size_of_last = 0;
    back_up("db-1", 3000, hours{0});
    baseline.archives = "home-*";
    EXPECT_EQ(finding_of(look(), "last_success").severity, Severity::high);
    baseline.archives = "db-*";
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::pass) << report.reason;
}

TEST_F(BorgRepository, ThatDoesNotOpenIsAnErrorInTheToolsOwnWords) {
    const auto password = *baseline.password_file;
    baseline.password_file = secret("other", "wrong\n");
    EXPECT_THAT(look().reason, HasSubstr("does not open this repository"));
    baseline.password_file.reset();
    EXPECT_THAT(look().reason, HasSubstr("password_file is missing"));
    baseline.password_file = password;
    baseline.repository = at("nowhere");
    EXPECT_THAT(look().reason, HasSubstr("no repository is there"));
    baseline.repository = at("data");
    std::filesystem::create_directories(at("data"));
    EXPECT_THAT(look().reason, HasSubstr("is not a valid repository"));
}

TEST_F(BorgRepository, ThatIsDamagedOrAnotherOneThanBeforeIsAnError) {
    baseline.size_of_last = 0;
    back_up("one", 3000, hours{0});
    EXPECT_EQ(look().result, CheckResult::pass);
    std::filesystem::copy(at("repository"), at("moved"), std::filesystem::copy_options::recursive);
    baseline.repository = at("moved");
    EXPECT_THAT(look().reason, HasSubstr("previously located at"));
    baseline.repository = at("repository");
    for (const auto& entry : std::filesystem::directory_iterator{at("repository/data/0")})
        std::filesystem::resize_file(entry.path(), 15);
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(finding_of(report, "repository").reason, HasSubstr("borg check"));
}

}  // namespace
}  // namespace agent
