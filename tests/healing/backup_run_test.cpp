// Real restic and borg, real repositories: an old backup is healed by a new one, which the real check sees.
#include <gmock/gmock.h>

#include "drift/backup/backup_ground.hpp"
#include "healing/storage_ground.hpp"

namespace agent {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class HealedBackup : public testing::BackupGround {
protected:
    void SetUp() override {
        BackupGround::SetUp();
        baseline.size_of_last = 0;
        ground.folder.write("data/file", "precious");
    }
    void use_restic() {
        use(BackupKind::restic, at("repository"));
        restic({"init"});
    }
    void restic(std::vector<std::string> arguments) {
        arguments.emplace_back("--no-cache");
        tool("/usr/bin/restic", std::move(arguments), restic_environment());
    }
    [[nodiscard]] std::vector<std::string> restic_environment() const {
        return {"RESTIC_REPOSITORY=" + baseline.repository, "RESTIC_PASSWORD_FILE=" + baseline.password_file->native()};
    }
    void use_borg() {
        baseline.cache = at("cache");
        use(BackupKind::borg, at("repository"));
        borg({"init", "--encryption=repokey"});
    }
    void borg(std::vector<std::string> arguments) {
        tool("/usr/bin/borg", std::move(arguments),
             {"BORG_REPO=" + baseline.repository, "BORG_PASSPHRASE=correct horse",
              "BORG_BASE_DIR=" + at("cache of the job").native()});
    }
    void back_up_with_restic(Duration age) { restic({"backup", "--time=" + ago(age, ' '), at("data")}); }
    EvidenceDraft heal(const std::string& keys) {
        storage.declare(std::make_shared<BackupCheck>(baseline, BackupHost::of_this_machine()));
        return storage.apply(
            storage.runbook("repairs: backup_verification\nsteps:\n  - {action: backup.run, " + keys + "}\n"));
    }
    [[nodiscard]] std::string data() const { return "paths: [" + at("data").native() + "]"; }

    testing::StorageGround storage{ground};
};

#define NEEDS(program) \
    if (!std::filesystem::exists(program)) GTEST_SKIP() << "needs " program " (config/packages.txt, section test)"

TEST_F(HealedBackup, OfResticThatWasTooOldIsANewOneTheCheckPassesOn) {
    NEEDS("/usr/bin/restic");
    use_restic();
    back_up_with_restic(hours{72});
    ASSERT_EQ(look().result, CheckResult::drift);
    const auto draft = heal(data());
    EXPECT_EQ(draft.outcome, Outcome::success) << draft.error.value_or("");
    EXPECT_EQ(draft.result, CheckResult::pass);
    EXPECT_FALSE(draft.rollback_available);
    EXPECT_EQ(look().result, CheckResult::pass);
    const auto& taken = draft.action_taken.at(0);
    EXPECT_EQ(taken.result, "done");
    EXPECT_EQ(taken.exit_code, 0);
    EXPECT_THAT(taken.command.value(), Not(::testing::Contains(HasSubstr("password"))));
}

TEST_F(HealedBackup, OfBorgThatWasTooOldIsANewOneUnderANameThatCounts) {
    NEEDS("/usr/bin/borg");
    use_borg();
    baseline.archives = "clinic-*";
    borg({"create", "--timestamp=" + ago(hours{72}, 'T'), "::clinic-old", at("data")});
    ASSERT_EQ(look().result, CheckResult::drift);
    const auto draft = heal(data());
    EXPECT_EQ(draft.outcome, Outcome::success) << draft.error.value_or("");
    EXPECT_THAT(draft.action_taken.at(0).command.value(),
                ::testing::Contains(::testing::StartsWith("::clinic-compliance-agent-2")));
    EXPECT_EQ(look().result, CheckResult::pass);
}

TEST_F(HealedBackup, LeavesOutWhatIsExcluded) {
    NEEDS("/usr/bin/restic");
    use_restic();
    ground.folder.write("data/cache[1]/rubbish", "rubbish");
    ASSERT_EQ(heal(data() + ", exclude: [\"" + at("data/cache[1]").native() + "\"]").outcome, Outcome::success);
    const auto listed = tool("/usr/bin/restic", {"--no-cache", "ls", "latest"}, restic_environment());
    EXPECT_THAT(listed, HasSubstr("data/file"));
    EXPECT_THAT(listed, Not(HasSubstr("rubbish")));
}

TEST_F(HealedBackup, ThatTheBaselineWouldNotCountIsRefusedBeforeItIsMade) {
    NEEDS("/usr/bin/restic");
    use_restic();
    baseline.paths = {"/srv/charts"};
    const auto draft = heal(data());
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("counts only backups of /srv/charts"));
    EXPECT_TRUE(draft.action_taken.empty());
}

TEST_F(HealedBackup, OfALinkOrOfNothingOrOfItselfIsRefused) {
    NEEDS("/usr/bin/restic");
    use_restic();
    std::filesystem::create_directory_symlink(at("data"), at("link"));
    const std::vector<std::pair<std::string, const char*>> table{
        {at("link"), "is a link"}, {at("none"), "is not there"}, {at(""), "would be backed up into itself"}};
    for (const auto& [path, why] : table) {
        const auto draft = heal("paths: [" + path + "]");
        EXPECT_EQ(draft.outcome, Outcome::failed) << path;
        EXPECT_THAT(draft.error.value_or(""), HasSubstr(why));
        EXPECT_THAT(draft.error.value_or(""), HasSubstr("nothing was changed"));
    }
}

TEST_F(HealedBackup, WithAWrongPasswordFailsInTheToolsOwnWordsWithNothingTouched) {
    NEEDS("/usr/bin/restic");
    use_restic();
    baseline.password_file = secret("other", "wrong password here\n");
    const auto draft = heal(data());
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("wrong password or no key found"));
    EXPECT_THAT(draft.error.value_or(""), Not(HasSubstr("wrong password here")));
}

// The repository answers, but nothing can be written into it.
TEST_F(HealedBackup, ThatWritesNothingFailsAlthoughTheToolSaysItEndedWell) {
    NEEDS("/usr/bin/restic");
    use_restic();
    baseline.program = ground.program("liar", "case \"$*\" in *backup*) exit 0;; esac\nexec /usr/bin/restic \"$@\"");
    const auto draft = heal(data());
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("there is no new one in"));
}

TEST_F(HealedBackup, ThatTakesTooLongIsStoppedAndNothingOfItStays) {
    NEEDS("/usr/bin/restic");
    use_restic();
    const auto hanging = ground.hanging_program("hanging").native();
    baseline.program =
        ground.program("slow", "case \"$*\" in *backup*) exec " + hanging + ";; esac\nexec /usr/bin/restic \"$@\"");
    const auto draft = heal(data() + ", timeout: 1s");
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_TRUE(ground.all_gone());
}

TEST_F(HealedBackup, OfTheShippedRunbookStartsTheHostsOwnUnit) {
    NEEDS("/usr/bin/restic");
    use_restic();
    back_up_with_restic(hours{72});
    storage.declare(std::make_shared<BackupCheck>(baseline, BackupHost::of_this_machine()));
    const auto& runbook = storage.shipped("RB-BACKUP-001");
    storage.units.unit = "restic-backups-clinic.service";
    storage.units.job.program = "/usr/bin/restic";
    storage.units.job.arguments = {"--no-cache", "backup", at("data")};
    storage.units.job.environment = restic_environment();

    const auto missing = storage.apply(runbook);
    EXPECT_EQ(missing.outcome, Outcome::failed);
    EXPECT_THAT(missing.error.value_or(""), HasSubstr("backup.service is not-found"));
    const auto params = Value::object({{"unit", storage.units.unit}});
    storage.units.now = testing::FakeUnits::with_state("activating", "start");
    EXPECT_THAT(storage.apply(runbook, params).error.value_or(""), HasSubstr("is at work already"));
    EXPECT_EQ(storage.units.starts, 0);

    storage.units.now = testing::FakeUnits::with_state("inactive", "dead");
    const auto draft = storage.apply(runbook, params);
    EXPECT_EQ(draft.outcome, Outcome::success) << draft.error.value_or("");
    EXPECT_EQ(look().result, CheckResult::pass);
    storage.units.job.arguments = {"--no-cache", "snapshots"};
    EXPECT_THAT(storage.apply(runbook, params).error.value_or(""), HasSubstr("there is no new one"));
    storage.units.job.program = "/bin/false";
    EXPECT_THAT(storage.apply(runbook, params).error.value_or(""), HasSubstr("starting restic-backups-clinic.service"));
}

TEST_F(HealedBackup, OfAStatusFileIsSeenWhereItsJobWritesANewSuccess) {
    baseline.kind = BackupKind::status_file;
    baseline.password_file.reset();
    const auto told = [](WallTime time, const char* result) {
        return R"({"last_success":")" + format_rfc3339(time) + R"(","result":")" + result + "\"}\n";
    };
    const auto old = told(ground.time.wall_now() - hours{72}, "ok");
    baseline.status_file = ground.folder.write("status.json", old);
    const auto next = ground.folder.write("next.json", told(ground.time.wall_now() + std::chrono::seconds{2}, "ok"));
    storage.units.unit = "backup.service";
    storage.units.job.program = "/bin/true";
    EXPECT_THAT(heal(data()).error.value_or(""), HasSubstr("start the host's own backup with `unit`"));
    EXPECT_THAT(heal("unit: backup.service").error.value_or(""), HasSubstr("there is no new one"));
    storage.units.job.program = "/bin/cp";
    storage.units.job.arguments = {next, baseline.status_file};
    const auto draft = heal("unit: backup.service");
    EXPECT_EQ(draft.outcome, Outcome::success) << draft.error.value_or("");
}

}  // namespace
}  // namespace agent
