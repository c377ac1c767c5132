#include "drift/time_sync/time_sync_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/timex.h>

#include "chrony_ground.hpp"
#include "codec/json.hpp"
#include "drift/baseline.hpp"
#include "support/check_ground.hpp"

namespace agent {
namespace {

using ::testing::Contains;
using testing::finding_of;
using ::testing::HasSubstr;
using ::testing::Pair;
using testing::results_of;

// chronyc 4.3, against chronyd -x and a source 7.5 s ahead, and before it had any.
constexpr auto tracking_slow =
    "7F000001,127.0.0.1,2,1795270523.861660173,7.500049114,-0.000003630,0.000020208,-2.548,-0.082,18.679,0.000133004,"
    "0.001046062,1.0,Normal\n";
constexpr auto tracking_nobody =
    "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1.000000000,1.000000000,0.0,"
    "Not synchronised\n";

// ntpsec 1.2.2. It would need the right to set the clock to be run here, so its words are recorded: those of a daemon
// that has just been started, and the same with what the manual says a follower shows.
constexpr auto variables_of_nobody =
    "associd=0 status=c016 leap_alarm, sync_unspec, 1 event, restart,\n"
    "leap=11, stratum=16, precision=-23, rootdelay=0.0, rootdisp=0.15, refid=INIT,\n"
    "reftime=00000000.00000000 2036-02-07T06:28:16.000Z, tc=0, peer=0, offset=0.0,\n"
    "frequency=0.0, sys_jitter=0.0, clk_jitter=0.000119,\n"
    "clock=eeac297f.2bac3f1b 2026-11-21T14:30:23.170Z, processor=\"x86_64\",\n"
    "system=\"Linux/6.18.44\", version=\"ntpd ntpsec-1.2.2\", clk_wander=0.0,\nmintc=0\n";
constexpr auto variables_of_follower =
    "associd=0 status=0615 leap_none, sync_ntp, 1 event, clock_sync,\n"
    "leap=00, stratum=3, precision=-23, rootdelay=10.5, rootdisp=20.25, refid=192.0.2.1,\n"
    "reftime=eeac297f.00000000 2026-11-21T14:30:23.000Z, tc=6, peer=1, offset=-6012.5,\n"
    "frequency=1.0, sys_jitter=0.1, clk_jitter=0.000119, version=\"ntpd ntpsec-1.2.2\"\n";

ClockView chrony(const char* text) { return parse_chrony_tracking(text).value(); }

TEST(ChronyTracking, TellsASlowClockAsAReferenceAhead) {
    const auto view = chrony(tracking_slow);
    EXPECT_TRUE(view.synchronised);
    EXPECT_EQ(view.source, "127.0.0.1 (stratum 2)");
    EXPECT_NEAR(*view.offset_ms, 7'500.049, 0.001);
    EXPECT_NEAR(*view.error_most_ms, 7'501.162, 0.001);
}

TEST(ChronyTracking, WithoutASourceHasNoOffset) {
    const auto view = chrony(tracking_nobody);
    EXPECT_FALSE(view.synchronised);
    EXPECT_FALSE(view.offset_ms);
}

TEST(ChronyTracking, OfAClockThatFollowsItselfIsNotSynchronised) {
    const auto view = chrony("7F7F0101,,10,1795270523.8,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0,Normal\n");
    EXPECT_FALSE(view.synchronised);
    EXPECT_THAT(view.source, HasSubstr("its own clock"));
}

TEST(ChronyTracking, ThatIsGarbageIsRefused) {
    for (const auto* text : {"", "506 Cannot talk to daemon\n", ",,,,,,,,,,,,,", "a,b,c,d,nan,f,g,h,i,j,k,l,m,n"})
        EXPECT_EQ(parse_chrony_tracking(text).error().code(), Errc::malformed) << text;
}

TEST(NtpVariables, TellWhoIsFollowedAndHowFarOff) {
    const auto view = parse_ntp_variables(variables_of_follower).value();
    EXPECT_TRUE(view.synchronised);
    EXPECT_EQ(view.source, "192.0.2.1 (stratum 3)");
    EXPECT_DOUBLE_EQ(*view.offset_ms, -6'012.5);
    EXPECT_DOUBLE_EQ(*view.error_most_ms, 6'038);
}

TEST(NtpVariables, OfADaemonThatFollowsNobodyAreNotSynchronised) {
    const auto view = parse_ntp_variables(variables_of_nobody).value();
    EXPECT_FALSE(view.synchronised);
    EXPECT_FALSE(view.offset_ms);
    const auto own = parse_ntp_variables("leap=00, stratum=6, refid=127.127.1.0, offset=0.0\n").value();
    EXPECT_FALSE(own.synchronised);
}

TEST(NtpVariables, ThatAreGarbageAreRefused) {
    for (const auto* text : {"", "leap=", "leap=00, stratum=2, offset=x", "read: Connection refused"})
        EXPECT_EQ(parse_ntp_variables(text).error().code(), Errc::malformed) << text;
}

TEST(KernelClock, IsWhatAdjtimexSays) {
    timex clock{};
    ASSERT_GE(::adjtimex(&clock), 0);
    const auto kernel = ask_kernel().value();
    EXPECT_EQ(kernel.synchronised, (clock.status & STA_UNSYNC) == 0);
    EXPECT_EQ(kernel.offset_ms.has_value(), (clock.status & STA_PLL) != 0);
}

class TimeSyncJudged : public ::testing::Test {
protected:
    TimeSyncJudged() { baseline.common.name = CheckName{"time_sync"}, baseline.common.severity = Severity::medium; }
    CheckReport judge() { return judge_time_sync(baseline, view, server, now); }
    void offset(double milliseconds) { view.clock.value().offset_ms = milliseconds; }

    WallTime now{Duration{1'700'000'000'000}};
    TimeSyncBaseline baseline;
    KernelClock kernel{true, std::nullopt, 400, 10};
    TimeSyncView view{ClockService::chrony, {}, kernel, chrony(tracking_slow), std::nullopt};
    std::optional<ServerClock> server{ServerClock{Duration{500}, now - Duration{60'000}}};
};

TEST_F(TimeSyncJudged, OffByExactlyTheMostIsFineAndOneMoreIsHigh) {
    offset(-5'000);
    EXPECT_EQ(judge().result, CheckResult::pass) << judge().reason;
    offset(-5'001);
    const auto report = judge();
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.severity, Severity::high);
    EXPECT_EQ(report.reason, "this host's clock is 5.001 s ahead");
}

TEST_F(TimeSyncJudged, TheOffsetIsAFactAndNeverState) {
    offset(12.6);
    const auto first = judge();
    EXPECT_EQ(*first.facts.find(offset_fact), Value{std::int64_t{13}});
    offset(-700);
    server->ahead = Duration{-900};
    now += Duration{5'000};
    EXPECT_EQ(judge().state, first.state);
}

TEST_F(TimeSyncJudged, UnsynchronisedIsMediumAndHasNoOffset) {
    view.clock = chrony(tracking_nobody);
    const auto report = judge();
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.severity, Severity::medium);
    EXPECT_EQ(finding_of(report, "offset").result, CheckResult::not_applicable);
    EXPECT_EQ(report.facts.find(offset_fact), nullptr);
}

TEST_F(TimeSyncJudged, WithoutAMeasuredOffsetTheKernelsBoundDecides) {
    view.clock = view_of(kernel);
    EXPECT_EQ(judge().result, CheckResult::pass) << judge().reason;
    EXPECT_EQ(judge().facts.find(offset_fact), nullptr);
    kernel.maximum_error_ms = 5'001;
    view.clock = view_of(kernel);
    EXPECT_EQ(finding_of(judge(), "offset").result, CheckResult::error);
}

TEST_F(TimeSyncJudged, TheServersDateIsBelievedToASecond) {
    offset(0);
    for (const auto ahead : {Duration{6'000}, Duration{-6'000}}) {
        server->ahead = ahead;
        EXPECT_EQ(judge().result, CheckResult::pass) << judge().reason;
    }
    for (const auto ahead : {Duration{6'001}, Duration{-6'001}}) {
        server->ahead = ahead;
        EXPECT_EQ(finding_of(judge(), "server_offset").severity, Severity::high);
    }
}

TEST_F(TimeSyncJudged, AServerNotSeenLatelySaysNothing) {
    offset(0);
    server->ahead = Duration{60'000};
    server->seen = now - baseline.server_age_most;
    EXPECT_EQ(finding_of(judge(), "server_offset").result, CheckResult::drift);
    server->seen -= Duration{1};
    EXPECT_EQ(finding_of(judge(), "server_offset").result, CheckResult::not_applicable);
    server->seen = now + Duration{1'001};
    EXPECT_THAT(finding_of(judge(), "server_offset").reason, HasSubstr("set back"));
    server.reset();
    const auto report = judge();
    EXPECT_THAT(finding_of(report, "server_offset").reason, HasSubstr("no server seen lately"));
    EXPECT_EQ(report.result, CheckResult::pass);
}

TEST_F(TimeSyncJudged, AKernelThatMayNotBeAskedIsNamed) {
    const auto barred = system_error(EPERM, "adjtimex");
    view.kernel = barred;
    view.clock = barred;
    view.running = ClockService::kernel;
    const auto report = judge();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("adjtimex"));
}

class TimeSyncLooking : public ::testing::Test {
protected:
    TimeSyncLooking() {
        const auto nothing = ground.folder.path() / "nothing";
        host.chrony_socket = nothing;
        host.timesyncd_folder = nothing;
        host.ntpd_pid_file = nothing;
        baseline.common.name = CheckName{"time_sync"};
        baseline.common.severity = Severity::medium;
    }
    CheckReport look() { return ground.look(std::make_shared<TimeSyncCheck>(baseline, host), Duration{10'000}); }
    void pretend_chrony() { host.chrony_socket = ground.folder.write("sock", ""); }

    testing::CheckGround ground;
    ClockHost host;
    TimeSyncBaseline baseline;
};

#define NEEDS_CHRONYD(daemon) \
    if (!testing::Chronyd::installed() || !(daemon).runs()) GTEST_SKIP() << "needs chronyd (package chrony) and root"

TEST_F(TimeSyncLooking, ARealChronydTellsThatTheClockIsRightOrSevenSecondsBehind) {
    for (const double ahead : {0.0, 7.5}) {
        const testing::TimeServer source{ahead};
        const testing::Chronyd daemon{"server 127.0.0.1 port " + std::to_string(source.port()) +
                                      " iburst minpoll 0 maxpoll 0"};
        NEEDS_CHRONYD(daemon);
        ASSERT_TRUE(daemon.wait_until_synchronised());
        host.chrony_socket = daemon.socket();
        const auto report = look();
        EXPECT_EQ(finding_of(report, "service").found, "chrony");
        EXPECT_EQ(finding_of(report, "synchronised").result, CheckResult::pass) << report.reason;
        EXPECT_NEAR(static_cast<double>(*report.facts.find(offset_fact)->integer()), ahead * 1e3, 200);
        EXPECT_EQ(report.result, ahead == 0.0 ? CheckResult::pass : CheckResult::drift) << report.reason;
        EXPECT_EQ(report.severity.has_value(), ahead != 0.0);
    }
}

TEST_F(TimeSyncLooking, ARealChronydWithoutASourceIsUnsynchronised) {
    const testing::Chronyd daemon{"server 127.0.0.1 port 1 iburst"};
    NEEDS_CHRONYD(daemon);
    host.chrony_socket = daemon.socket();
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.severity, Severity::medium);
    EXPECT_THAT(report.reason, HasSubstr("chronyd follows no source"));
}

TEST_F(TimeSyncLooking, ASocketThatChronydLeftBehindIsAnError) {
    pretend_chrony();
    if (!std::filesystem::exists(host.chronyc.front())) GTEST_SKIP() << "needs chronyc (package chrony)";
    const auto report = look();
    EXPECT_EQ(finding_of(report, "synchronised").result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("chronyc ended with status 1"));
}

TEST_F(TimeSyncLooking, ADeclaredDaemonThatDoesNotRunIsADrift) {
    baseline.service = ClockService::timesyncd;
    const auto report = look();
    EXPECT_EQ(finding_of(report, "service").result, CheckResult::drift);
    EXPECT_THAT(finding_of(report, "service").reason, HasSubstr("timesyncd does not run: "));
    EXPECT_EQ(*report.state.find("service"), Value{"none"});
}

// systemd-timesyncd would set the clock: what it leaves in its folder stands for it, and the kernel's word is real.
TEST_F(TimeSyncLooking, TimesyncdIsKnownByItsFolderAndTellsWhenItLastSynchronised) {
    std::filesystem::create_directory(ground.folder.path() / "timesync");
    ground.folder.write("timesync/synchronized", "");
    host.timesyncd_folder = ground.folder.path() / "timesync";
    const auto report = look();
    EXPECT_EQ(*report.facts.find("service"), Value{"timesyncd"});
    EXPECT_NE(report.facts.find("last_synchronised"), nullptr);
    EXPECT_EQ(*report.facts.find("synchronised"), Value{ask_kernel().value().synchronised});
}

TEST_F(TimeSyncLooking, NtpdIsKnownByItsProcessAndAskedByNtpq) {
    host.ntpd_pid_file = ground.folder.write("ntpd.pid", std::to_string(::getpid()) + "\n");
    host.ntpq = {ground.program("ntpq", std::string{"cat <<'END'\n"} + variables_of_follower + "END")};
    const auto report = look();
    EXPECT_EQ(*report.facts.find("service"), Value{"ntpd"});
    EXPECT_EQ(report.severity, Severity::high);
    ground.folder.write("ntpd.pid", "999999999\n");
    EXPECT_EQ(*look().facts.find("service"), Value{"kernel"});
}

TEST_F(TimeSyncLooking, AToolThatIsMissingOrPrintsGarbageIsAnErrorThatNamesIt) {
    pretend_chrony();
    host.chronyc = {ground.folder.path() / "no-chronyc"};
    EXPECT_THAT(look().reason, HasSubstr("no-chronyc is missing: install the package chrony"));
    host.chronyc = {ground.program("garbage", "echo what")};
    EXPECT_EQ(look().result, CheckResult::error);
    host.chronyc = {ground.flooding_program("flood")};
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("printed more than"));
}

TEST_F(TimeSyncLooking, AToolThatHangsIsATimeoutInTimeAndItsChildrenAreGone) {
    pretend_chrony();
    host.chronyc = {ground.hanging_program("hang")};
    baseline.common.timeout = ground.short_limit;
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::timeout);
    EXPECT_THAT(report.reason, HasSubstr("hang"));
    EXPECT_TRUE(ground.all_gone());
}

TEST(TimeSyncBaselineKeys, AreReadAndTheirFaultsAreNamed) {
    testing::TemporaryDirectory folder;
    const auto good = load_baseline(folder.write(
        "good.yaml", "version: 1\nchecks:\n  time_sync: {service: ntpd, max_offset: 2s, server_max_age: 2h}\n"));
    ASSERT_TRUE(good.baseline);
    const auto* check = dynamic_cast<const TimeSyncCheck*>(good.baseline->find(CheckName{"time_sync"}));
    ASSERT_NE(check, nullptr);
    EXPECT_EQ(check->baseline().service, ClockService::ntpd);
    EXPECT_EQ(check->baseline().offset_most, Duration{2'000});
    EXPECT_EQ(check->baseline().server_age_most, std::chrono::hours{2});
    EXPECT_EQ(check->settings().severity, Severity::medium);
    const auto bad = load_baseline(
        folder.write("bad.yaml", "version: 1\nchecks:\n  time_sync:\n    service: sundial\n    max_offset: 2\n"));
    ASSERT_EQ(bad.faults.size(), 2U);
    EXPECT_EQ(bad.faults[0].line, 4);
    EXPECT_EQ(bad.faults[1].key, "checks.time_sync.max_offset");
}

}  // namespace
}  // namespace agent
