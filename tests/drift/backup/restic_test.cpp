// A real restic and real repositories on disk.
#include <unistd.h>

#include "drift/backup/backup_ground.hpp"

namespace agent {
namespace {

using std::chrono::hours;
using testing::finding_of;
using ::testing::HasSubstr;
using testing::results_of;

constexpr const char* restic = "/usr/bin/restic";

class ResticRepository : public testing::BackupGround {
protected:
    void SetUp() override {
        if (!std::filesystem::exists(restic)) GTEST_SKIP() << "needs restic (config/packages.txt, section test)";
        BackupGround::SetUp();
        use(BackupKind::restic, at("repository"));
        run_restic({"init"});
    }
    void run_restic(std::vector<std::string> arguments) {
        arguments.emplace_back("--no-cache");
        tool(restic, std::move(arguments),
             {"RESTIC_REPOSITORY=" + baseline.repository, "RESTIC_PASSWORD_FILE=" + baseline.password_file->native()});
    }
    void back_up(std::size_t bytes, Duration age, const std::string& host = "here") {
        ground.folder.write("data/file", std::string(bytes, 'x'));
        run_restic({"backup", "--host=" + host, "--time=" + ago(age, ' '), at("data")});
    }
    // The file that restic wrote last into a folder of the repository.
    [[nodiscard]] std::filesystem::path newest_in(const char* folder) const {
        std::filesystem::path newest;
        for (const auto& entry : std::filesystem::directory_iterator{at("repository") / folder})
            if (newest.empty() || entry.last_write_time() > std::filesystem::last_write_time(newest))
                newest = entry.path();
        return newest;
    }
    static void cut_short(const std::filesystem::path& file) {
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
        std::filesystem::resize_file(file, 10);
    }
};

TEST_F(ResticRepository, OfFreshBackupsPassesAndItsStateDoesNotMoveWithTheNextBackup) {
    back_up(3000, hours{1});
    const auto first = look();
    EXPECT_EQ(first.result, CheckResult::pass) << first.reason;
    EXPECT_THAT(finding_of(first, "size").found, HasSubstr("no earlier one"));
    back_up(2900, hours{0});
    const auto second = look();
    EXPECT_EQ(second.result, CheckResult::pass) << second.reason;
    EXPECT_EQ(*second.facts.find("median_bytes")->integer(), 3000) << "kept from the look before";
    EXPECT_EQ(*second.facts.find("size_bytes")->integer(), 2900);
    EXPECT_EQ(second.state, first.state);
    EXPECT_NE(second.facts, first.facts);
}

TEST_F(ResticRepository, ThatHasNoBackupOrAnOldOneOrAShrunkOneIsADrift) {
    EXPECT_EQ(finding_of(look(), "last_success").severity, Severity::high) << "none at all";
    back_up(3000, hours{72});
    EXPECT_EQ(finding_of(look(), "last_success").severity, Severity::critical);
    back_up(1400, hours{30});
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(finding_of(report, "last_success").severity, Severity::high);
    EXPECT_THAT(finding_of(report, "last_success").reason, HasSubstr("1 d 6 h"));
    EXPECT_EQ(finding_of(report, "size").severity, Severity::high);
    EXPECT_THAT(finding_of(report, "size").reason, HasSubstr("only 1.4 KiB"));
}

TEST_F(ResticRepository, ThatOnlyHoldsBackupsOfOtherHostsHasNoneOfThisOne) {
    back_up(3000, hours{0}, "elsewhere");
    baseline.host.reset();
    const auto report = look();
    EXPECT_EQ(finding_of(report, "last_success").severity, Severity::high);
    EXPECT_THAT(report.reason, HasSubstr("only of \"elsewhere\""));
    back_up(3000, hours{0}, "here.example.org");
    EXPECT_EQ(look().result, CheckResult::pass);
}

TEST_F(ResticRepository, ThatDoesNotOpenIsAnErrorInTheToolsOwnWords) {
    baseline.password_file = secret("other", "wrong\n");
    auto report = look();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_EQ(report.severity, Severity::high);
    EXPECT_THAT(finding_of(report, "repository").reason, HasSubstr("wrong password or no key found"));
    EXPECT_EQ(finding_of(report, "last_success").result, CheckResult::error);
    baseline.password_file = at("no-such-file");
    report = look();
    EXPECT_THAT(finding_of(report, "repository").reason, HasSubstr("no such file"));
    EXPECT_EQ(finding_of(report, "password_file").result, CheckResult::error);
    baseline.password_file = at("password");
    baseline.repository = at("nowhere");
    EXPECT_THAT(look().reason, HasSubstr("no repository is there"));
    // Nobody listens there.
    baseline.repository = "rest:http://user:hidden@127.0.0.1:9/";
    report = look();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("cannot be reached"));
    EXPECT_THAT(write_json(report.facts) + report.reason, Not(HasSubstr("hidden")));
}

TEST_F(ResticRepository, WithADamagedSnapshotIsAnErrorAlthoughResticEndsWell) {
    back_up(3000, hours{2});
    back_up(3000, hours{0});
    EXPECT_EQ(look().result, CheckResult::pass);
    cut_short(newest_in("snapshots"));
    const auto report = look();
    EXPECT_EQ(finding_of(report, "repository").result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("restic check"));
    EXPECT_EQ(finding_of(report, "last_success").result, CheckResult::pass) << "the earlier one is still there";
}

TEST_F(ResticRepository, WithADamagedIndexOrConfigurationIsAnError) {
    back_up(3000, hours{0});
    cut_short(newest_in("index"));
    EXPECT_THAT(finding_of(look(), "size").reason, HasSubstr("the repository is damaged"));
    cut_short(at("repository/config"));
    EXPECT_EQ(look().result, CheckResult::error);
    EXPECT_THAT(look().reason, HasSubstr("the repository is damaged"));
}

TEST_F(ResticRepository, ThatItMayNotReadIsAnErrorThatSaysSo) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
    baseline.program = ground.program("as-nobody",
                                      "unset RESTIC_PASSWORD_FILE; export RESTIC_PASSWORD=x\n"
                                      "exec setpriv --reuid=65534 --regid=65534 --clear-groups /usr/bin/restic \"$@\"");
    // The folder above it is root's alone.
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("ermission denied"));
    EXPECT_THAT(report.reason, HasSubstr("run as root"));
}

TEST_F(ResticRepository, AskedReadOnlyIsLeftAsItWasAndALockDelaysNothing) {
    back_up(3000, hours{0});
    // What `restic prune` holds while it runs.
    const auto lock = at("repository/locks/" + std::string(64, 'a'));
    std::ofstream{lock} << "locked";
    const auto before = std::filesystem::last_write_time(at("repository/locks"));
    EXPECT_EQ(look().result, CheckResult::pass);
    EXPECT_EQ(std::filesystem::last_write_time(at("repository/locks")), before) << "no lock of its own came and went";
}

}  // namespace
}  // namespace agent
