#include "drift/logging/logging_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/un.h>

#include "drift/baseline.hpp"
#include "drift/logging/canary.hpp"
#include "log_ground.hpp"
#include "support/check_ground.hpp"

namespace agent {
namespace {

using testing::finding_of;
using ::testing::HasSubstr;

class LoggingLooking : public ::testing::Test {
protected:
    LoggingLooking() {
        baseline.common.name = CheckName{"logging_continuity"};
        baseline.units = std::vector<std::string>{};
        baseline.within = Duration{1'500};
        host.socket = ground.folder.path() / "nobody.sock";
    }
    CheckReport look() { return ground.look(std::make_shared<LoggingCheck>(baseline, host), Duration{8'000}); }
    void at_file(const std::filesystem::path& file) { baseline.places = {{PlaceKind::file, file}}; }

    testing::CheckGround ground;
    LoggingBaseline baseline;
    LogHost host;
};

#define NEEDS_RSYSLOGD \
    if (!testing::Rsyslogd::installed()) GTEST_SKIP() << "needs rsyslogd (package rsyslog)"

TEST_F(LoggingLooking, TheCanaryReachesTheFileOfARealRsyslogd) {
    NEEDS_RSYSLOGD;
    const testing::Rsyslogd logger;
    host.socket = logger.socket();
    at_file(logger.file());
    const auto first = look();
    EXPECT_EQ(first.result, CheckResult::pass) << first.reason;
    const auto second = look();
    EXPECT_EQ(second.result, CheckResult::pass) << second.reason;
    EXPECT_EQ(second.state, first.state);
}

TEST_F(LoggingLooking, ARsyslogdThatDiedTakesNoMessages) {
    NEEDS_RSYSLOGD;
    testing::Rsyslogd logger;
    logger.stop();
    host.socket = logger.socket();
    at_file(logger.file());
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.severity, Severity::high);
    EXPECT_THAT(report.reason, HasSubstr("nobody listens there"));
}

TEST_F(LoggingLooking, AFarEndThatIsGoneIsMissedAndItsQueueGrowsUntilItIsBack) {
    NEEDS_RSYSLOGD;
    const auto spool = ground.folder.path() / "spool.log";
    const auto port = testing::FarEnd{spool}.port();  // nobody listens there from now on
    const testing::Rsyslogd logger{port};
    host.socket = logger.socket();
    baseline.places = {{PlaceKind::file, logger.file()}, {PlaceKind::spool, spool}};
    baseline.queue = LogQueue{logger.folder(), "fwd", 2};
    baseline.within = Duration{2'000};
    const auto gone = look();
    EXPECT_EQ(finding_of(gone, "canary:file:" + logger.file().native()).result, CheckResult::pass) << gone.reason;
    EXPECT_EQ(finding_of(gone, "canary:spool:" + spool.native()).severity, Severity::high);
    EXPECT_EQ(finding_of(gone, "queue").result, CheckResult::pass);
    baseline.within = Duration{100};
    static_cast<void>(look());
    EXPECT_EQ(finding_of(look(), "queue").severity, Severity::medium);
    const testing::FarEnd back{spool, port};
    baseline.within = Duration{4'000};
    const auto report = look();
    EXPECT_EQ(finding_of(report, "canary:spool:" + spool.native()).result, CheckResult::pass) << report.reason;
    EXPECT_GE(*report.facts.find("canary_seen_times")->find("spool:" + spool.native())->integer(), 1);
}

TEST_F(LoggingLooking, TheCanaryReachesTheJournalOfARealJournald) {
    const testing::Journald journald;
    if (!journald.runs()) GTEST_SKIP() << "needs systemd-journald and root, for a mount name space";
    host.socket = journald.root() / "run/systemd/journal/dev-log";
    host.journal_arguments = {"--directory=" + (journald.root() / "run/log/journal").native()};
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::pass) << report.reason;
}

// A socket that somebody bound and reads or does not read.
class DeafSocket {
public:
    explicit DeafSocket(const std::filesystem::path& path) : socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.native().copy(address.sun_path, sizeof address.sun_path - 1);
        if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error{"bind"};
    }

private:
    Descriptor socket_;
};

TEST_F(LoggingLooking, ALoggerThatDoesNotReadIsADriftAndHoldsNobodyUp) {
    const DeafSocket deaf{host.socket};
    at_file(ground.folder.path() / "never.log");
    baseline.within = Duration{100};
    auto report = look();
    EXPECT_THAT(report.reason, HasSubstr("does not reach file:"));
    while (send_canary(host.socket, "filling").has_value()) {
    }
    report = look();
    EXPECT_EQ(report.severity, Severity::high);
    EXPECT_THAT(report.reason, HasSubstr("does not read"));
}

TEST_F(LoggingLooking, AJournalctlThatMisbehavesIsAnErrorOrATimeoutThatNamesIt) {
    const DeafSocket deaf{host.socket};
    baseline.within = Duration{100};
    host.journalctl = {ground.folder.path() / "no-journalctl"};
    EXPECT_THAT(look().reason, HasSubstr("no-journalctl"));
    host.journalctl = {ground.program("broken", "echo 'Failed to open' >&2; exit 1")};
    EXPECT_THAT(look().reason, HasSubstr("ended with status 1: \"Failed to open\""));
    host.journalctl = {
        ground.program("barred", "echo 'No journal files were opened due to insufficient permissions.' >&2")};
    EXPECT_THAT(look().reason, HasSubstr("group systemd-journal or adm"));
    EXPECT_EQ(look().result, CheckResult::error);
    host.journalctl = {ground.program("empty", "echo 'No journal files were found.' >&2; exit 1")};
    EXPECT_EQ(look().result, CheckResult::drift);
    host.journalctl = {ground.flooding_program("flood")};
    EXPECT_EQ(look().result, CheckResult::error);
    baseline.common.timeout = ground.short_limit;
    host.journalctl = {ground.hanging_program("hang")};
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::timeout);
    EXPECT_THAT(report.reason, HasSubstr("hang"));
    EXPECT_TRUE(ground.all_gone());
}

TEST_F(LoggingLooking, AFileThatCannotBeReadIsAnError) {
    const DeafSocket deaf{host.socket};
    at_file(ground.folder.path());
    EXPECT_THAT(look().reason, HasSubstr("is no regular file"));
}

TEST_F(LoggingLooking, UnitsThatAreNotActiveAreHighEachByItself) {
    baseline.places.clear();
    baseline.units = std::vector<std::string>{"up.service", "down.service", "none.service"};
    ground.units.units["up.service"] = testing::FakeUnits::active();
    ground.units.units["down.service"] = testing::FakeUnits::with_state("failed", "failed");
    const auto report = look();
    EXPECT_EQ(finding_of(report, "unit:up.service").result, CheckResult::pass);
    EXPECT_EQ(finding_of(report, "unit:down.service").found, "failed");
    EXPECT_EQ(finding_of(report, "unit:none.service").severity, Severity::high);
    ground.units.reachable = false;
    EXPECT_EQ(look().result, CheckResult::error);
}

TEST_F(LoggingLooking, TheDefaultUnitsAreJournaldAndRsyslogWhereItIsInstalled) {
    baseline.places.clear();
    baseline.units.reset();
    host.rsyslogd = ground.folder.path() / "none";
    EXPECT_EQ(look().findings.size(), 1U + 0U);
    host.rsyslogd = ground.folder.write("rsyslogd", "");
    EXPECT_EQ(finding_of(look(), "unit:rsyslog.service").result, CheckResult::drift);
}

// The kernel of a test may have no audit: what auditctl 3.0.9 prints is recorded.
TEST_F(LoggingLooking, TheAuditDaemonMustRunAndTheKernelsAuditBeEnabled) {
    baseline.places.clear();
    baseline.audit = true;
    ground.units.units["auditd.service"] = testing::FakeUnits::active();
    host.auditctl = {ground.program("on", "printf 'enabled 2\\nfailure 1\\npid 512\\nlost 0\\n'")};
    EXPECT_EQ(look().result, CheckResult::pass) << look().reason;
    host.auditctl = {ground.program("off", "printf 'enabled 0\\nfailure 1\\npid 0\\n'")};
    EXPECT_EQ(finding_of(look(), "audit_enabled").severity, Severity::high);
    host.auditctl = {ground.program("barred", "echo 'You must be root to run this program.' >&2; exit 4")};
    EXPECT_THAT(look().reason, HasSubstr("it needs root"));
    host.auditctl = {ground.program("garbage", "echo enabled maybe")};
    EXPECT_EQ(look().result, CheckResult::error);
    ground.units.units.clear();
    EXPECT_EQ(finding_of(look(), "unit:auditd.service").severity, Severity::high);
}

class AppendedToAFile : public ::testing::Test {
protected:
    void append(const std::string& name, const std::string& text) const {
        std::ofstream{folder.path() / name, std::ios::app} << text;
    }
    testing::TemporaryDirectory folder;
    const std::filesystem::path log = folder.path() / "log";
};

TEST_F(AppendedToAFile, OnlyWhatCameSinceIsRead) {
    append("log", "token\n");
    AppendedText text{log};
    EXPECT_EQ(text.count("token").value(), 0);
    append("log", "a token and a tok");
    EXPECT_EQ(text.count("token").value(), 1);
    append("log", "en, twice");
    EXPECT_EQ(text.count("token").value(), 2);
    EXPECT_EQ(text.count("token").value(), 2);
}

TEST_F(AppendedToAFile, NothingIsLostWhereItIsRotated) {
    append("log", "old\n");
    AppendedText text{log};
    append("log", "token\n");
    std::filesystem::rename(log, folder.path() / "log.1");
    append("log", "token\n");
    EXPECT_EQ(text.count("token").value(), 2);
    std::filesystem::resize_file(log, 0);
    EXPECT_EQ(text.count("token").value(), 2);
    append("log", "token\n");
    EXPECT_EQ(text.count("token").value(), 3);
}

TEST_F(AppendedToAFile, AFileThatIsMadeLaterIsReadFromItsBeginning) {
    AppendedText text{log};
    EXPECT_EQ(text.count("token").value(), 0);
    append("log", "token\n");
    EXPECT_EQ(text.count("token").value(), 1);
}

TEST(LogQueueNotes, CountLooksThatSawMoreThanTheOneBefore) {
    auto seen = look_again("", 10);
    EXPECT_EQ(seen.growing_looks, 0);
    seen = look_again(write_notes(seen), 11);
    EXPECT_EQ(seen.growing_looks, 1);
    seen = look_again(write_notes(seen), 12);
    EXPECT_EQ(seen.growing_looks, 2);
    EXPECT_EQ(look_again(write_notes(seen), 12).growing_looks, 0);
    EXPECT_EQ(look_again("garbage", 12).growing_looks, 0);
}

TEST(LogQueueSize, OfAFolderThatIsNotThereIsAnError) {
    EXPECT_TRUE(size_of({"/no/such/folder", "fwd", 3}).has_error());
}

TEST(LoggingKeys, AreReadAndTheirFaultsAreNamed) {
    testing::TemporaryDirectory folder;
    const auto load = [&](const std::string& section) {
        return load_baseline(folder.write("b.yaml", "version: 1\nchecks:\n  logging_continuity:\n" + section));
    };
    const auto good = load(
        "    units: [a.service]\n    within: 5s\n    audit: true\n    places:\n      - {kind: journal}\n"
        "      - {kind: file, path: /var/log/syslog}\n    queue: {directory: /q, prefix: fwd, looks: 5}\n");
    ASSERT_TRUE(good.baseline);
    const auto* check = dynamic_cast<const LoggingCheck*>(good.baseline->find(CheckName{"logging_continuity"}));
    ASSERT_NE(check, nullptr);
    EXPECT_EQ(check->baseline().places.size(), 2U);
    EXPECT_EQ(check->baseline().places[1].name(), "file:/var/log/syslog");
    EXPECT_EQ(check->baseline().queue->looks, 5);
    const auto bad =
        load("    timeout: 5s\n    places:\n      - {kind: file}\n      - {path: /x}\n    queue: {prefix: x}\n");
    EXPECT_EQ(bad.faults.size(), 5U);
}

}  // namespace
}  // namespace agent
