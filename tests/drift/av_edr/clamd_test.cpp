// ClamAV itself: the real daemon in every state, and what only looks like it.
#include "drift/av_edr/clamd.hpp"

#include <cstdlib>

#include "drift/av_edr/av_edr_ground.hpp"
#include "drift/av_edr/real_clamd.hpp"

namespace agent {
namespace {

using std::chrono::days;
using std::chrono::hours;
using testing::finding_of;
using ::testing::HasSubstr;
using testing::RealClamd;
using testing::results_of;
using testing::StandInClamd;

class LocalZone {
public:
    explicit LocalZone(const char* zone) { set(zone); }
    ~LocalZone() { set("UTC0"); }
    LocalZone(const LocalZone&) = delete;
    LocalZone& operator=(const LocalZone&) = delete;
    LocalZone(LocalZone&&) = delete;
    LocalZone& operator=(LocalZone&&) = delete;

private:
    static void set(const char* zone) {
        setenv("TZ", zone, 1);
        tzset();
    }
};

TEST(ClamdVersionText, GivesEngineDatabaseAndDateInTheLocalZone) {
    const auto* text = "ClamAV 1.4.6/27437/Sat Oct 24 17:42:00 2026";
    const LocalZone tokyo{"JST-9"};
    const auto version = parse_clamd_version(text).value();
    EXPECT_EQ(version.engine, "1.4.6");
    EXPECT_EQ(version.database, 27437);
    EXPECT_EQ(format_rfc3339(*version.date), "2026-10-24T08:42:00.000Z");
    EXPECT_TRUE(parse_clamd_version("ClamAV 1.4.6/27437/Sat Oct  3 17:42:00 2026").has_value());
}

TEST(ClamdVersionText, NeedNotNameADatabase) {
    const auto version = parse_clamd_version("ClamAV 1.4.6").value();
    EXPECT_EQ(version.engine, "1.4.6");
    EXPECT_FALSE(version.database || version.date);
}

TEST(ClamdVersionText, IsRefusedWhereItIsNone) {
    for (const char* text :
         {"", "ClamAV ", "Clam", "UNKNOWN COMMAND", "ClamAV 1/2", "ClamAV 1/x/Sat Oct 24 08:42:00 2026", "ClamAV 1/2/",
          "ClamAV 1/2/Sat Feb 31 08:42:00 2026", "ClamAV 1/2/yesterday"})
        EXPECT_EQ(parse_clamd_version(text).error().code(), Errc::malformed) << text;
}

TEST(ClamdVerdictText, TellsFoundFromNotFoundFromNotScanned) {
    EXPECT_EQ(parse_clamd_verdict("stream: Eicar-Signature FOUND").value(), "Eicar-Signature");
    EXPECT_EQ(parse_clamd_verdict("stream: OK").value(), std::nullopt);
    for (const char* text : {"", "stream: ", "stream:  FOUND", "INSTREAM size limit exceeded. ERROR", "FOUND"})
        EXPECT_TRUE(parse_clamd_verdict(text).has_error()) << text;
}

class Clamd : public testing::AvEdrGround {
protected:
    void SetUp() override {
        if (!std::filesystem::exists(testing::clamd_program)) GTEST_SKIP() << "needs the package clamav-daemon";
    }
    // Reaches nobody: what the daemon is asked is what is looked at.
    [[nodiscard]] CheckReport look_within(Duration limit) {
        baseline.common.timeout = limit;
        return look_now();
    }
};

TEST_F(Clamd, ThatRunsAndFindsTheTestFileIsFine) {
    folder.write("db/daily.cud",
                 testing::dated_signatures(testing::eicar_signature("Own.Eicar"), 27437, time.wall_now() - hours{5}));
    const RealClamd clamd{folder};
    const auto report = look_now();
    EXPECT_EQ(report.result, CheckResult::pass) << report.reason;
    EXPECT_THAT(finding_of(report, "detection").found, HasSubstr("Own.Eicar"));
    EXPECT_THAT(finding_of(report, "signatures_age").found, HasSubstr("5 h (by clamd's answer, database 27437)"));
    EXPECT_EQ(*report.facts.find("database")->integer(), 27437);
    EXPECT_EQ(report.state.find("database"), nullptr) << "it changes every day";
    EXPECT_EQ(look_now().state, report.state);
}

TEST_F(Clamd, WithOldSignaturesIsADriftByItsOwnWord) {
    folder.write("db/daily.cud",
                 testing::dated_signatures(testing::eicar_signature("Own.Eicar"), 20001, time.wall_now() - days{4}));
    const RealClamd clamd{folder};
    const auto report = look_now();
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.severity, Severity::high);
    EXPECT_THAT(report.reason, HasSubstr("4 d"));
    EXPECT_EQ(finding_of(report, "detection").result, CheckResult::pass);
}

TEST_F(Clamd, WithoutADateIsJudgedByTheNewestSignatureFile) {
    const auto file = folder.write("db/own.ndb", testing::eicar_signature("Own.Eicar"));
    folder.write("db/freshclam.dat", "always new");
    const RealClamd clamd{folder};
    EXPECT_THAT(finding_of(look_now(), "signatures_age").found, HasSubstr("(by the newest signature file, own.ndb)"));
    EXPECT_EQ(look_now().result, CheckResult::pass) << look_now().reason;
    std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - hours{73});
    const auto report = look_now();
    EXPECT_EQ(report.severity, Severity::high);
    EXPECT_THAT(report.reason, HasSubstr("3 d 1 h"));
}

TEST_F(Clamd, WithSignaturesOfTheFutureCannotBeJudged) {
    folder.write("db/daily.cud",
                 testing::dated_signatures(testing::eicar_signature("Own.Eicar"), 1, time.wall_now() + days{2}));
    const RealClamd clamd{folder};
    const auto report = look_now();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("clock"));
}

TEST_F(Clamd, ThatDoesNotKnowTheTestFileIsACriticalDrift) {
    folder.write("db/own.ndb", testing::other_signature());
    const RealClamd clamd{folder};
    const auto report = look_now();
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.severity, Severity::critical);
    EXPECT_EQ(finding_of(report, "detection").result, CheckResult::drift);
    EXPECT_EQ(finding_of(report, "answers").result, CheckResult::pass);
}

TEST_F(Clamd, ThatDiedIsACriticalDriftWithAndWithoutItsSocket) {
    folder.write("db/own.ndb", testing::eicar_signature("Own.Eicar"));
    RealClamd clamd{folder};
    clamd.stop();
    ASSERT_TRUE(std::filesystem::exists(clamd.socket));
    const auto refused = look_now();
    std::filesystem::remove(clamd.socket);
    for (const auto& report : {refused, look_now()}) {
        EXPECT_EQ(report.result, CheckResult::drift);
        EXPECT_EQ(report.severity, Severity::critical);
        EXPECT_THAT(report.reason, HasSubstr("nobody listens on " + clamd.socket.native()));
        EXPECT_EQ(finding_of(report, "detection").result, CheckResult::error);
        EXPECT_EQ(finding_of(report, "signatures_age").result, CheckResult::error);
    }
}

class InPlaceOfClamd : public testing::AvEdrGround {};

TEST_F(InPlaceOfClamd, ADeafOneIsATimeOutInTimeThatNamesIt) {
    const StandInClamd deaf{baseline.socket};
    baseline.common.timeout = short_limit;
    const auto report = look_now();
    EXPECT_EQ(report.result, CheckResult::timeout);
    for (const auto* condition : {"answers", "detection", "signatures_age"})
        EXPECT_EQ(finding_of(report, condition).result, CheckResult::timeout) << condition;
    EXPECT_EQ(finding_of(report, "unit_active").result, CheckResult::pass) << "the rest is still judged";
    EXPECT_EQ(finding_of(report, "binary").result, CheckResult::pass);
    for (const auto* condition : {"answers", "detection"})
        EXPECT_THAT(finding_of(report, condition).reason,
                    HasSubstr("clamd on " + baseline.socket.native() + ": no answer within 1 s"));
}

TEST_F(InPlaceOfClamd, WhoeverMumblesFloodsOrHangsUpIsAnErrorAndNoPass) {
    const std::map<std::string, StandInClamd::Behaviour> all{
        {"is not clamd", StandInClamd::answering(std::string{"HELLO\0", 6})},
        {"hung up amid", StandInClamd::answering("PON")},
        {"hung up", [](int) {}},
        {"more than 4096 bytes", StandInClamd::flooding()},
    };
    for (const auto& [said, behaviour] : all) {
        const StandInClamd stand_in{baseline.socket, behaviour};
        const auto report = look_now();
        EXPECT_EQ(report.result, CheckResult::error) << said;
        EXPECT_THAT(report.reason, HasSubstr(said));
        std::filesystem::remove(baseline.socket);
    }
}

TEST_F(InPlaceOfClamd, OneThatOnlySaysPongIsAnErrorInEverythingElse) {
    const StandInClamd parrot{baseline.socket, StandInClamd::answering(std::string{"PONG\0", 5})};
    const auto report = look_now();
    EXPECT_EQ(finding_of(report, "answers").result, CheckResult::pass);
    EXPECT_EQ(finding_of(report, "detection").result, CheckResult::error);
    EXPECT_EQ(finding_of(report, "signatures_age").result, CheckResult::error);
    EXPECT_EQ(report.result, CheckResult::error);
}

TEST_F(InPlaceOfClamd, ASocketThatWeMayNotUseIsAnErrorThatNamesTheRight) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody without rights";
    const StandInClamd clamd{baseline.socket};
    ::chmod(baseline.socket.c_str(), 0600);
    const auto report = look_without_rights();
    EXPECT_EQ(finding_of(report, "answers").result, CheckResult::error);
    EXPECT_THAT(finding_of(report, "answers").reason,
                HasSubstr("needs write permission on " + baseline.socket.native() + " (run as root)"));
}

// On Debian the socket is the service manager's, and the first connection starts the daemon.
TEST_F(InPlaceOfClamd, NobodyIsAskedWhereTheUnitIsDown) {
    const StandInClamd socket_of_systemd{baseline.socket};
    units.units["clamav-daemon.service"] = testing::FakeUnits::with_state("inactive", "dead");
    const auto report = look_now();
    EXPECT_FALSE(socket_of_systemd.was_asked());
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.severity, Severity::critical);
    EXPECT_THAT(report.reason, HasSubstr("clamav-daemon.service is inactive (dead)"));
    EXPECT_THAT(finding_of(report, "detection").reason, HasSubstr("not asked"));
    EXPECT_EQ(finding_of(report, "detection").result, CheckResult::error);
}

}  // namespace
}  // namespace agent
