// Status files, the files that hold secrets, and tools that misbehave.
#include "drift/backup/backup_ground.hpp"

namespace agent {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using testing::finding_of;
using ::testing::HasSubstr;
using testing::results_of;

class BackupStatusFile : public testing::BackupGround {
protected:
    void SetUp() override {
        BackupGround::SetUp();
        baseline.kind = BackupKind::status_file;
        baseline.status_file = at("status.json");
        baseline.password_file.reset();
    }
    void tell(Duration age, const std::string& rest = R"(,"result":"ok","size_bytes":1000)") const {
        ground.folder.write("status.json", R"({"last_success":")" + ago(age, 'T') + "Z\"" + rest + "}");
    }
    void tell_restore_test(Duration age, const std::string& result = "ok") const {
        ground.folder.write("restore.json",
                            R"({"last_restore_test":")" + ago(age, 'T') + R"(Z","result":")" + result + "\"}");
    }
};

TEST_F(BackupStatusFile, ThatIsFreshPassesAndOneOfAFailedOrOldRunIsADrift) {
    tell(hours{1});
    EXPECT_EQ(look().result, CheckResult::pass) << look().reason;
    tell(hours{1}, R"(,"result":"failed","size_bytes":1000)");
    EXPECT_EQ(finding_of(look(), "last_run").severity, Severity::high);
    tell(hours{25});
    EXPECT_EQ(finding_of(look(), "last_success").severity, Severity::high);
    tell(hours{49});
    EXPECT_EQ(finding_of(look(), "last_success").severity, Severity::critical);
    ground.folder.write("status.json", R"({"last_success":null,"result":"failed"})");
    EXPECT_EQ(finding_of(look(), "last_success").severity, Severity::high);
}

TEST_F(BackupStatusFile, ShowsACollapseAgainstTheSizesOfEarlierLooks) {
    for (int i = 9; i > 0; --i) {
        tell(hours{i}, R"(,"result":"ok","size_bytes":)" + std::to_string(1000 + i));
        EXPECT_EQ(look().result, CheckResult::pass);
    }
    const auto before = ground.notes;
    tell(minutes{30}, R"(,"result":"ok","size_bytes":502)");
    EXPECT_EQ(finding_of(look(), "size").severity, Severity::high) << "the median is 1005";
    ground.notes = before;
    tell(minutes{30}, R"(,"result":"ok","size_bytes":503)");
    EXPECT_EQ(finding_of(look(), "size").result, CheckResult::pass);
    tell(minutes{20}, R"(,"result":"ok","size_bytes":0)");
    EXPECT_EQ(finding_of(look(), "size").severity, Severity::high);
    tell(minutes{10}, R"(,"result":"ok")");
    EXPECT_EQ(finding_of(look(), "size").result, CheckResult::not_applicable);
}

TEST_F(BackupStatusFile, FromTheFutureMissingOrMalformedIsAnError) {
    tell(-hours{1});
    EXPECT_EQ(look().result, CheckResult::error);
    EXPECT_THAT(look().reason, HasSubstr("clock"));
    ground.folder.write("status.json", R"({"last_succes":"2026-01-01T00:00:00Z","result":"ok"})");
    EXPECT_EQ(look().result, CheckResult::error);
    EXPECT_THAT(look().reason, HasSubstr("last_succes"));
    std::filesystem::remove(at("status.json"));
    EXPECT_EQ(look().result, CheckResult::error);
    EXPECT_THAT(look().reason, HasSubstr("no such file"));
}

TEST_F(BackupStatusFile, OfARestoreTestThatIsOldFailedOrUnknownIsADrift) {
    tell(hours{1});
    tell_restore_test(days{31});
    EXPECT_EQ(look().severity, Severity::medium);
    tell_restore_test(days{1}, "failed");
    EXPECT_EQ(look().severity, Severity::high);
    std::filesystem::remove(at("restore.json"));
    EXPECT_EQ(look().severity, Severity::medium);
    EXPECT_THAT(look().reason, HasSubstr("no restore was ever tested"));
    baseline.restore_test_file.reset();
    EXPECT_THAT(look().reason, HasSubstr("restore_test_file"));
    EXPECT_EQ(look().severity, Severity::medium);
    tell(hours{1}, R"(,"result":"ok","size_bytes":1000,"last_restore_test":")" + ago(days{2}, 'T') + "Z\"");
    EXPECT_EQ(look().result, CheckResult::pass);
    ground.folder.write("restore.json", "ok");
    baseline.restore_test_file = at("restore.json");
    EXPECT_EQ(look().result, CheckResult::error);
}

TEST(BackupUndeclared, IsADriftThatSaysWhatToSet) {
    testing::CheckGround ground;
    BackupBaseline baseline;
    baseline.common.name = CheckName{"backup_verification"};
    const auto report = ground.look(std::make_shared<BackupCheck>(baseline, BackupHost{"here"}));
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.severity, Severity::high);
    EXPECT_THAT(report.reason, HasSubstr("checks.backup_verification.kind"));
}

class BackupToolThatMisbehaves : public testing::BackupGround {
protected:
    void SetUp() override {
        BackupGround::SetUp();
        use(BackupKind::restic, "/srv/backup");
    }
    CheckReport look_at(std::filesystem::path program) {
        baseline.program = std::move(program);
        return look();
    }
};

TEST_F(BackupToolThatMisbehaves, IsAnErrorWhereItIsMissingFailsOrMakesNoSense) {
    EXPECT_THAT(look_at(at("nothing")).reason, HasSubstr("no such program"));
    EXPECT_THAT(look_at(ground.program("fails", "echo 'Fatal: the moon is full' >&2; exit 3")).reason,
                HasSubstr("status 3: \"Fatal: the moon is full\""));
    for (const char* text : {"garbage", "{}", "[{}]", "[1]", "", R"([{"id":"zz","time":"2026-01-01T00:00:00Z"}])"}) {
        const auto report = look_at(ground.program("garbage", "echo '" + std::string{text} + "'"));
        EXPECT_EQ(report.result, CheckResult::error) << text;
        EXPECT_EQ(finding_of(report, "last_success").result, CheckResult::error) << text;
    }
}

TEST_F(BackupToolThatMisbehaves, IsATimeOutThatNamesItWhereItHangsAndIsGoneThen) {
    baseline.common.timeout = ground.short_limit;
    const auto report = look_at(ground.hanging_program("hangs"));
    EXPECT_EQ(report.result, CheckResult::timeout);
    EXPECT_THAT(report.reason, HasSubstr("hangs"));
    EXPECT_TRUE(ground.all_gone());
}

TEST_F(BackupToolThatMisbehaves, IsAnErrorWhereItFloods) {
    EXPECT_THAT(look_at(ground.flooding_program("floods")).reason, HasSubstr("printed more than"));
}

TEST_F(BackupToolThatMisbehaves, LeavesASizeThatItCannotTellAnError) {
    const auto listed = R"([{"id":"0123456789","time":")" + ago(hours{1}, 'T') + R"(Z"}])";
    const auto program = ground.program("half", "case \"$*\" in *stats*) exit 1;; esac; echo '" + listed + "'");
    const auto report = look_at(program);
    EXPECT_EQ(finding_of(report, "last_success").result, CheckResult::pass);
    EXPECT_EQ(finding_of(report, "size").result, CheckResult::error);
    baseline.size_of_last = 0;
    EXPECT_EQ(look_at(program).result, CheckResult::pass);
}

TEST_F(BackupToolThatMisbehaves, NeverSeesAPasswordAmongItsArguments) {
    baseline.repository = "rest:https://user:hidden@backup.example/";
    baseline.environment_file = secret("environment", "# for the store\nAWS_SECRET_ACCESS_KEY='hidden key'\n\n");
    const auto program = ground.program("tells", "echo \"$@\" >" + at("arguments").native() + "; env >" +
                                                     at("environment-seen").native() + "; echo '[]'");
    const auto report = look_at(program);
    const auto read = [this](const char* name) {
        std::ifstream file{at(name)};
        return std::string{std::istreambuf_iterator<char>{file}, {}};
    };
    EXPECT_THAT(read("arguments"), HasSubstr("snapshots"));
    EXPECT_THAT(read("arguments"), Not(HasSubstr("hidden")));
    EXPECT_THAT(read("environment-seen"), HasSubstr("AWS_SECRET_ACCESS_KEY=hidden key\n"));
    EXPECT_THAT(read("environment-seen"), Not(HasSubstr("correct horse")));
    EXPECT_THAT(write_json(report.facts) + write_json(report.state) + report.reason, Not(HasSubstr("hidden")));
}

TEST_F(BackupToolThatMisbehaves, IsNotTheOnlyRiskSoSecretsOpenToOthersAreADrift) {
    const auto program = ground.program("well", "echo '[]'");
    ::chmod(baseline.password_file->c_str(), 0640);
    auto report = look_at(program);
    EXPECT_EQ(finding_of(report, "password_file").severity, Severity::medium);
    EXPECT_EQ(finding_of(report, "repository").result, CheckResult::pass) << "it is used all the same";
    ::chmod(baseline.password_file->c_str(), 0400);
    // What others may write would choose what runs with our rights.
    baseline.environment_file = secret("environment", "A=b\n");
    ::chmod(baseline.environment_file->c_str(), 0620);
    report = look_at(program);
    EXPECT_EQ(results_of(report)["password_file"], CheckResult::pass);
    EXPECT_EQ(finding_of(report, "environment_file").severity, Severity::medium);
    EXPECT_EQ(finding_of(report, "repository").result, CheckResult::error);
    EXPECT_THAT(finding_of(report, "repository").reason, HasSubstr("may be changed by others"));
}

}  // namespace
}  // namespace agent
