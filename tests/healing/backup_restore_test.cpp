// Restores from real repositories, sound and damaged.
#include <gmock/gmock.h>

#include <random>
#include <set>

#include "drift/backup/backup_ground.hpp"
#include "drift/backup/status_file.hpp"
#include "healing/actions.hpp"
#include "healing/restored_files.hpp"
#include "healing/storage_ground.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

using testing::finding_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view restic_program{"/usr/bin/restic"};
constexpr std::string_view borg_program{"/usr/bin/borg"};

// Nothing that a tool could make small: the damage is to hit it.
std::string noise(unsigned seed) {
    std::mt19937 random{seed};
    std::string text(200'000, ' ');
    for (auto& c : text) c = static_cast<char>(random() & 0x7F);
    return text;
}

class RestoredBackup : public testing::BackupGround {
protected:
    void SetUp() override {
        BackupGround::SetUp();
        baseline.size_of_last = 0;
        baseline.restore_test_file = at("restore-test.json");
        std::filesystem::remove(*baseline.restore_test_file);
        std::filesystem::create_directory(at("scratch"));
        ground.folder.write("data/chart [1]*.txt", "patient one\n");
        ground.folder.write("data/below/other", noise(1));
        ground.folder.write("data/empty", "");
    }
    void back_up_with_restic() {
        use(BackupKind::restic, at("repository"));
        const std::vector<std::string> environment{"RESTIC_REPOSITORY=" + baseline.repository,
                                                   "RESTIC_PASSWORD_FILE=" + baseline.password_file->native()};
        tool(restic_program, {"--no-cache", "init"}, environment);
        tool(restic_program, {"--no-cache", "backup", at("data")}, environment);
    }
    void back_up_with_borg() {
        baseline.cache = at("cache");
        use(BackupKind::borg, at("repository"));
        const std::vector<std::string> environment{"BORG_REPO=" + baseline.repository, "BORG_PASSPHRASE=correct horse",
                                                   "BORG_BASE_DIR=" + at("cache of the job").native()};
        tool(borg_program, {"init", "--encryption=repokey"}, environment);
        tool(borg_program, {"create", "::one", at("data")}, environment);
    }
    void declare() { storage.declare(std::make_shared<BackupCheck>(baseline, BackupHost::of_this_machine())); }
    EvidenceDraft heal(const std::string& keys = "sample: 5") {
        declare();
        return storage.apply(
            storage.runbook("repairs: backup_verification\nsteps:\n  - {action: backup.restore_test, " + keys +
                            ", scratch: " + at("scratch").native() + "}\n"));
    }
    [[nodiscard]] RestoreTest recorded() const {
        return parse_restore_test(read_file(*baseline.restore_test_file, 1000).value()).value();
    }
    [[nodiscard]] std::vector<std::string> left_in_scratch() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator{at("scratch")}) names.push_back(entry.path());
        return names;
    }
    // In the middle of the largest file below `folder` of the repository.
    void damage(const char* folder) const {
        std::filesystem::path largest;
        for (const auto& entry : std::filesystem::recursive_directory_iterator{at("repository") / folder})
            if (entry.is_regular_file() && (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)))
                largest = entry.path();
        std::filesystem::permissions(largest, std::filesystem::perms::owner_all);
        std::fstream file{largest, std::ios::binary | std::ios::in | std::ios::out};
        file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(largest) / 2));
        file << std::string(64, '\x5a');
    }
    [[nodiscard]] static const Value& fact(const EvidenceDraft& draft, std::string_view name) {
        static const Value none;
        const auto* steps = draft.post_state.find("steps");
        const auto* found = steps->array()->at(0).find("state")->find(name);
        return found != nullptr ? *found : none;
    }

    testing::StorageGround storage{ground};
};

#define NEEDS_TOOL(program)                \
    if (!std::filesystem::exists(program)) \
    GTEST_SKIP() << "needs " << (program) << " (config/packages.txt, section test)"

TEST_F(RestoredBackup, OfResticHealsTheDriftThatNoRestoreWasTested) {
    NEEDS_TOOL(restic_program);
    back_up_with_restic();
    ASSERT_EQ(finding_of(look(), "restore_test").found, "never");
    const auto draft = heal();
    EXPECT_EQ(draft.outcome, Outcome::success) << draft.error.value_or("");
    EXPECT_EQ(draft.action_taken.at(0).result, "done");
    EXPECT_EQ(fact(draft, "files"), Value{2}) << "the empty one proves nothing";
    EXPECT_EQ(fact(draft, "compared_with_backup"), Value{2});
    EXPECT_EQ(fact(draft, "compared_with_live"), Value{2});
    EXPECT_EQ(recorded().result, JobResult::ok);
    EXPECT_EQ(look().result, CheckResult::pass);
    EXPECT_THAT(left_in_scratch(), IsEmpty());
}

TEST_F(RestoredBackup, OfBorgHealsTheDriftThatNoRestoreWasTested) {
    NEEDS_TOOL(borg_program);
    back_up_with_borg();
    ground.folder.write("data/below/other", "changed since");
    const auto draft = heal();
    EXPECT_EQ(draft.outcome, Outcome::success) << draft.error.value_or("");
    EXPECT_EQ(fact(draft, "compared_with_backup"), Value{2});
    EXPECT_EQ(fact(draft, "compared_with_live"), Value{1}) << "the other was written to since";
    EXPECT_EQ(look().result, CheckResult::pass);
    EXPECT_THAT(left_in_scratch(), IsEmpty());
}

TEST_F(RestoredBackup, OfADamagedResticRepositoryFailsAndSaysSoWhereTheCheckLooks) {
    NEEDS_TOOL(restic_program);
    back_up_with_restic();
    damage("data");
    const auto draft = heal();
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("the restore test of the backup of"));
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("the repository is damaged: run restic check"));
    EXPECT_EQ(recorded().result, JobResult::failed);
    EXPECT_EQ(finding_of(look(), "restore_test").found, "failed");
    EXPECT_THAT(left_in_scratch(), IsEmpty());
}

TEST_F(RestoredBackup, OfADamagedBorgRepositoryFailsAndSaysSoWhereTheCheckLooks) {
    NEEDS_TOOL(borg_program);
    back_up_with_borg();
    damage("data");
    const auto draft = heal();
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("the repository is damaged: run borg check"));
    EXPECT_EQ(recorded().result, JobResult::failed);
    EXPECT_THAT(left_in_scratch(), IsEmpty());
}

// The file of the host says the same size and time, and something else.
TEST_F(RestoredBackup, ThatIsNotWhatTheHostHasFails) {
    NEEDS_TOOL(restic_program);
    back_up_with_restic();
    const auto file = at("data/below/other");
    const auto time = std::filesystem::last_write_time(file);
    ground.folder.write("data/below/other", noise(2));
    std::filesystem::last_write_time(file, time);
    const auto draft = heal();
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("data/below/other: restored with another content"));
    EXPECT_EQ(recorded().result, JobResult::failed);
}

TEST_F(RestoredBackup, OfNamedPathsRestoresThemAndFailsWhereOneIsMissingInTheBackup) {
    NEEDS_TOOL(borg_program);
    back_up_with_borg();
    const auto draft =
        heal("paths: [\"" + at("data/chart [1]*.txt").native() + "\", " + at("data/below/").native() + "]");
    EXPECT_EQ(draft.outcome, Outcome::success) << draft.error.value_or("");
    EXPECT_EQ(fact(draft, "files"), Value{2});
    const auto missing = heal("paths: [" + at("data/bel").native() + "]");
    EXPECT_EQ(missing.outcome, Outcome::failed);
    EXPECT_THAT(missing.error.value_or(""), HasSubstr("data/bel is in the last backup"));
    EXPECT_EQ(recorded().result, JobResult::failed);
}

TEST_F(RestoredBackup, ThatCannotBeTriedRecordsNothing) {
    NEEDS_TOOL(restic_program);
    back_up_with_restic();
    declare();
    const auto no_room = storage.apply(storage.runbook("steps:\n  - {action: backup.restore_test, scratch: /sys}\n"));
    EXPECT_EQ(no_room.outcome, Outcome::failed);
    EXPECT_THAT(no_room.error.value_or(""), HasSubstr("too little room in /sys: 0 MiB are free, 64 MiB are needed"));
    baseline.password_file = secret("other", "wrong\n");
    EXPECT_THAT(heal().error.value_or(""), HasSubstr("no restore could be tested: "));
    EXPECT_FALSE(std::filesystem::exists(*baseline.restore_test_file));
}

TEST_F(RestoredBackup, LargerThanAllowedIsLeftOut) {
    NEEDS_TOOL(restic_program);
    ground.folder.write("data/large", std::string(2UL * 1024UL * 1024UL, 'x'));
    back_up_with_restic();
    EXPECT_EQ(fact(heal("sample: 9, max_mib: 1"), "files"), Value{2});
    EXPECT_THAT(heal("paths: [" + at("data").native() + "], max_mib: 1").error.value_or(""),
                HasSubstr("more than 1 MiB"));
}

// What a crash leaves behind is found by the journal alone.
TEST_F(RestoredBackup, CutShortIsRemovedByItsUndoWhichMayComeTwice) {
    declare();
    const auto* undo = find_undo("backup.restore_test");
    ASSERT_NE(undo, nullptr);
    ground.folder.write("scratch/compliance-agent-restore-0123/etc/chart", "restored");
    const auto saved =
        Value::object({{"scratch", at("scratch/compliance-agent-restore-0123").native()}, {"location", "/srv/backup"}});
    const auto tools = storage.tools();
    for (int time = 0; time < 2; ++time) {
        const auto found = testing::run(ground.io, undo->carry_out(tools, saved));
        ASSERT_TRUE(found.has_value()) << found.error().message();
        EXPECT_EQ(found.value(), Value::object({{"location", "/srv/backup"}, {"restored", "nothing"}}));
        EXPECT_THAT(left_in_scratch(), IsEmpty());
    }
    const auto other = Value::object({{"scratch", at("data").native()}, {"location", "/srv/backup"}});
    EXPECT_TRUE(testing::run(ground.io, undo->carry_out(tools, other)).has_error());
    EXPECT_TRUE(std::filesystem::exists(at("data/below/other"))) << "only what the test itself made";
}

TEST(ScratchFolders, AreTheirOwnersAloneAndGoWithTheirOwner) {
    const testing::TemporaryDirectory folder;
    const auto path = folder.path() / "scratch";
    {
        const auto scratch = ScratchFolder::make(path);
        ASSERT_TRUE(scratch.has_value());
        EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_all);
        EXPECT_TRUE(ScratchFolder::make(path).has_error()) << "never somebody else's folder";
        std::filesystem::create_directory_symlink(folder.path(), path / "link");
        folder.write("scratch/file", "x");
        folder.write("kept", "x");
    }
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "kept")) << "no link is followed";
}

TEST(Samples, AreOfEveryFileSoonerOrLaterAndNeverTooMuch) {
    std::vector<BackedUpFile> files(10);
    for (std::size_t i = 0; i < files.size(); ++i) {
        files[i].path = "/" + std::to_string(i);
        files[i].size = 10;
    }
    std::set<std::filesystem::path> seen;
    for (int round = 0; round < 200; ++round) {
        const auto sample = choose_sample(files, 3, 25);
        EXPECT_EQ(sample.size(), 2U);
        for (const auto& file : sample) seen.insert(file.path);
    }
    EXPECT_EQ(seen.size(), files.size()) << "each is left out of 200 samples once in 10^19";
}

}  // namespace
}  // namespace agent
