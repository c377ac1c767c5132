#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drift/patching/old_libraries.hpp"
#include "drift/patching/patching_ground.hpp"
#include "drift/patching/process_text.hpp"

namespace agent {
namespace {

using std::chrono::days;
using std::chrono::hours;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::finding_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;

// As Linux 6.1 shows it of a daemon whose libssl was upgraded under it.
constexpr std::string_view maps =
    "55d0c9a00000-55d0c9a0c000 r--p 00000000 fe:01 131180                     /usr/sbin/sshd\n"
    "55d0c9a0c000-55d0c9a90000 r-xp 0000c000 fe:01 131180                     /usr/sbin/sshd\n"
    "7f1c4a000000-7f1c4a0a0000 r--p 00000000 fe:01 262655                     /usr/lib/x86_64-linux-gnu/libssl.so.3 "
    "(deleted)\n"
    "7f1c4a0a0000-7f1c4a100000 r-xp 000a0000 fe:01 262655                     /usr/lib/x86_64-linux-gnu/libssl.so.3 "
    "(deleted)\n"
    "7f1c4a100000-7f1c4a101000 rw-s 00000000 00:01 1024                       /dev/zero (deleted)\n"
    "7f1c4a200000-7f1c4a300000 r-xp 00000000 00:01 1025                       /memfd:jit (deleted)\n"
    "7f1c4a300000-7f1c4a400000 r-xp 00000000 fe:01 99                         /tmp/own.so (deleted)\n"
    "7f1c4a400000-7f1c4a500000 r-xp 00000000 fe:01 98                         /usr/lib/with blank.so (deleted)\n"
    "7f1c4a500000-7f1c4a501000 r-xp 00000000 00:00 0                          [vdso]\n";

std::set<std::string> deleted_in(std::string_view text) {
    std::set<std::string> paths;
    collect_deleted_code(text, paths);
    return paths;
}

TEST(MapsOfAProcess, ShowTheSystemsCodeThatWasDeleted) {
    EXPECT_THAT(deleted_in(maps), ElementsAre("/usr/lib/with blank.so", "/usr/lib/x86_64-linux-gnu/libssl.so.3"));
}

TEST(MapsOfAProcess, OfAnotherFormShowNothing) {
    for (const char* text : {"", "\n\n", " (deleted)\n", "a r-xp (deleted)\n", "a r-xp 0 0 0 (deleted)\n",
                             "a r-xp 0 0 0 /usr/x", "a r--p 0 0 0 /usr/x (deleted)\n"})
        EXPECT_THAT(deleted_in(text), IsEmpty()) << text;
}

TEST(CgroupOfAProcess, NamesTheUnitNearestToTheRoot) {
    EXPECT_EQ(unit_of_cgroup("0::/system.slice/ssh.service\n"), "ssh.service");
    EXPECT_EQ(unit_of_cgroup("12:pids:/x.service\n1:name=systemd:/system.slice/cron.service\n0::/\n"), "cron.service");
    EXPECT_EQ(unit_of_cgroup("0::/system.slice/system-getty.slice/getty@tty1.service"), "getty@tty1.service");
    EXPECT_EQ(unit_of_cgroup("0::/system.slice/docker.service/inner/other.service\n"), "docker.service");
    EXPECT_EQ(unit_of_cgroup("0::/init.scope\n"), "init.scope");
}

TEST(CgroupOfAProcess, OfAUserIsTheUsersWhateverTheSession) {
    EXPECT_EQ(unit_of_cgroup("0::/user.slice/user-1000.slice/session-3.scope\n"), "user-1000.slice");
    EXPECT_EQ(unit_of_cgroup("0::/user.slice/user-1000.slice/user@1000.service/app.slice/a.service"),
              "user-1000.slice");
}

TEST(CgroupOfAProcess, WithoutAUnitNamesNone) {
    for (const char* text : {"", "\n", "0::/\n", "0::", "0::/system.slice/.service\n", "0::/a b.service\n", "garbage"})
        EXPECT_EQ(unit_of_cgroup(text), "") << text;
}

TEST(StatOfAProcess, TellsWhenItBeganWhateverItIsCalled) {
    constexpr std::string_view after = "S 1 2 2 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 1000 200\n";
    EXPECT_EQ(start_ticks("2 (sshd) " + std::string{after}), 12345U);
    EXPECT_EQ(start_ticks("2 (a) b) (c ) " + std::string{after}), 12345U);
    for (const char* text :
         {"", "2 (sshd)", "2 (sshd) S 1 2", "2 sshd S 1 2 2 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 1 1"})
        EXPECT_FALSE(start_ticks(text)) << text;
}

class OldLibrariesOfServices : public testing::PatchingGround {
protected:
    void run_process(int id, const std::string& unit, std::string_view memory, int minutes_after_boot) const {
        const auto process = "proc/" + std::to_string(id) + "/";
        folder.write(process + "maps", memory);
        folder.write(process + "comm", "daemon\n");
        folder.write(process + "cgroup", "0::/system.slice/" + unit + "\n");
        folder.write(process + "stat", std::to_string(id) + " (daemon) S 1 2 2 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 " +
                                           std::to_string(minutes_after_boot * 60L * sysconf(_SC_CLK_TCK)) + " 1 1\n");
    }
    static constexpr int minutes_a_day = 24 * 60;
};

TEST_F(OldLibrariesOfServices, AreFineWhereThereAreNone) {
    run_process(2, "ssh.service", "", 1);
    const auto report = look();
    EXPECT_EQ(finding_of(report, "old_libraries").result, CheckResult::pass);
    EXPECT_EQ(*report.facts.find("processes"), Value{2});
}

TEST_F(OldLibrariesOfServices, AreADriftOnceTheServiceRanOnWithThemForTooLong) {
    run_process(20, "ssh.service", maps, 98 * minutes_a_day);
    run_process(21, "ssh.service", maps, 99 * minutes_a_day);
    const auto young = look();
    EXPECT_EQ(young.result, CheckResult::pass) << young.reason;
    EXPECT_THAT(finding_of(young, "old_libraries:ssh.service").found, HasSubstr("and 1 more, replaced since, for 2 d"));
    time.advance(days{1});
    EXPECT_EQ(look().result, CheckResult::pass) << "at the limit itself";
    time.advance(hours{1});
    const auto overdue = look();
    EXPECT_EQ(overdue.severity, Severity::medium);
    EXPECT_THAT(overdue.reason, HasSubstr("ssh.service runs"));
    EXPECT_NE(overdue.state, young.state);
    time.advance(hours{1});
    EXPECT_EQ(look().state, overdue.state);
    run_process(20, "ssh.service", "", 99 * minutes_a_day);
    run_process(21, "ssh.service", "", 99 * minutes_a_day);
    EXPECT_EQ(look().result, CheckResult::pass) << "restarted";
}

TEST_F(OldLibrariesOfServices, CountFromWhenAnotherFileTookTheirPlace) {
    run_process(20, "ssh.service", maps, minutes_a_day);
    // The clock of files is the real one, and that is what the new library's time is told by.
    time.wall = std::chrono::floor<std::chrono::seconds>(real_time.wall_now()) + days{2};
    write_list("Wed, 18 Nov 2026 22:17:41 UTC");
    const auto its_root = std::filesystem::path{"proc/20"} / "root";
    folder.write(its_root / "usr/lib/x86_64-linux-gnu/libssl.so.3", "new");
    EXPECT_THAT(finding_of(look(), "old_libraries:ssh.service").found, HasSubstr("for 2 d"));
}

TEST_F(OldLibrariesOfServices, AreToldByServiceAndOfWhatIsInNoneByName) {
    run_process(20, "ssh.service", maps, 1);
    run_process(21, "cron.service", maps, 1);
    run_process(22, "not-a-unit", maps, 1);
    const auto results = testing::results_of(look());
    EXPECT_THAT(results, Contains(Key("old_libraries:ssh.service")));
    EXPECT_THAT(results, Contains(Key("old_libraries:cron.service")));
    EXPECT_THAT(results, Contains(Key("old_libraries:process \"daemon\"")));
}

TEST_F(OldLibrariesOfServices, AreLookedForInAllProcessesOnlyAfterAChangeOfPackagesOrAnHour) {
    run_process(20, "ssh.service", "", 1);
    static_cast<void>(look());
    run_process(20, "ssh.service", maps, 1);
    EXPECT_EQ(finding_of(look(), "old_libraries").result, CheckResult::pass) << "no package changed";
    folder.write("dpkg/status", "Package: libssl3\nStatus: install ok installed\nVersion: 3.0.20\n");
    EXPECT_THAT(testing::results_of(look()), Contains(Key("old_libraries:ssh.service")));
    run_process(21, "cron.service", maps, 1);
    time.advance(whole_look_every);
    EXPECT_THAT(testing::results_of(look()), Contains(Key("old_libraries:cron.service"))) << "removed by other means";
    std::filesystem::remove_all(host.proc / "20");
    const auto ended = testing::results_of(look());
    EXPECT_FALSE(ended.contains("old_libraries:ssh.service")) << "those known are looked at each time";
    EXPECT_TRUE(ended.contains("old_libraries:cron.service"));
}

TEST_F(OldLibrariesOfServices, AreFoundInMapsOfAnySize) {
    std::string large;
    while (large.size() < 3'000'000)
        large += "7f1c4a0a0000-7f1c4a100000 r-xp 000a0000 fe:01 262655                     /usr/lib/libc.so.6\n";
    run_process(20, "big.service", large + std::string{maps}, 1);
    run_process(21, "odd.service", std::string(200'000, 'x'), 1);
    const auto report = look();
    EXPECT_THAT(testing::results_of(report), Contains(Key("old_libraries:big.service")));
    EXPECT_FALSE(testing::results_of(report).contains("old_libraries:odd.service"));
}

TEST_F(OldLibrariesOfServices, AreUndeterminedWhereTheProcessesOfOthersAreHidden) {
    std::filesystem::remove_all(host.proc / "1");
    const auto finding = finding_of(look(), "old_libraries");
    EXPECT_EQ(finding.result, CheckResult::error);
    EXPECT_THAT(finding.reason, HasSubstr("CAP_SYS_PTRACE"));
    std::filesystem::remove_all(host.proc);
    EXPECT_EQ(finding_of(look(), "old_libraries").result, CheckResult::error);
}

TEST(WholeLooks, SurviveTheirNotesAndBrokenOnesAreNone) {
    const WallTime made{days{20'000}};
    const auto notes = write_whole_look({"stamp", made, {7, 9}, 90, 2, "1 (\"init\")"});
    const auto read = read_whole_look(&notes);
    ASSERT_TRUE(read);
    EXPECT_THAT(read->old, ElementsAre(7, 9));
    EXPECT_EQ(read->processes, 90U);
    EXPECT_EQ(read->barred, 2U);
    EXPECT_TRUE(still_holds(*read, "stamp", made + whole_look_every - Duration{1}));
    EXPECT_FALSE(still_holds(*read, "stamp", made + whole_look_every));
    EXPECT_FALSE(still_holds(*read, "stamp", made - Duration{1}));
    EXPECT_FALSE(still_holds(*read, "other", made));
    EXPECT_FALSE(read_whole_look(nullptr));
    for (const auto* member : {"stamp", "made", "old", "processes", "barred", "barred_example"}) {
        auto broken = notes;
        broken.set(member, Value::array({"x"}));
        EXPECT_FALSE(read_whole_look(&broken)) << member;
    }
}

// A real process that runs a program which is gone, in a mount namespace of its own.
class ARealProcess : public ::testing::Test {
protected:
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "needs root, for a mount namespace of its own";
        std::array<int, 2> ends{};
        ASSERT_EQ(pipe(ends.data()), 0);
        shell = fork();
        if (shell == 0) {
            setpgid(0, 0);
            dup2(ends[1], STDOUT_FILENO);
            close(ends[0]);
            execl("/usr/bin/unshare", "unshare", "-m", "/bin/sh", "-c", script, nullptr);
            _exit(127);
        }
        close(ends[1]);
        std::array<char, 32> text{};
        const auto count = read(ends[0], text.data(), text.size() - 1);
        close(ends[0]);
        if (count > 0) process = std::atoi(text.data());
        ASSERT_GT(process, 0) << "the process did not begin";
    }
    void TearDown() override {
        if (shell <= 0) return;
        kill(-shell, SIGKILL);
        waitpid(shell, nullptr, 0);
    }
    // Removed only once the program runs, which the link to it tells.
    static constexpr const char* script =
        "mount -t tmpfs none /opt && cp /bin/sleep /opt/old-program || exit 1\n"
        "/opt/old-program 1000 >/dev/null &\n"
        "until [ \"$(readlink /proc/$!/exe)\" = /opt/old-program ]; do :; done\n"
        "rm /opt/old-program; echo $!; wait\n";
    pid_t shell{};
    pid_t process{};
    asio::io_context io;
    SystemTimeSource time;
};

TEST_F(ARealProcess, ThatRunsADeletedProgramIsFound) {
    const auto now = time.wall_now();
    const auto booted = now - time.since_boot();
    auto looked = testing::run(io, look_for_old_libraries("/proc", std::nullopt, "stamp", now, booted));
    ASSERT_TRUE(looked.has_value()) << looked.error().message();
    const OldService* found{};
    for (const auto& [name, service] : looked.value().services)
        if (service.processes.contains(process)) found = &service;
    ASSERT_NE(found, nullptr);
    EXPECT_THAT(found->libraries, Contains("/opt/old-program"));
    EXPECT_TRUE(looked.value().whole.old.contains(process));
    EXPECT_GT(looked.value().whole.processes, 2U);
    // It began just now, as far as ticks and whole seconds tell.
    EXPECT_GE(found->since, booted);
    EXPECT_LE(found->started, time.wall_now());

    kill(-shell, SIGKILL);
    waitpid(shell, nullptr, 0);
    shell = 0;
    const Descriptor gone{static_cast<int>(syscall(SYS_pidfd_open, process, 0))};
    pollfd ended{gone.get(), POLLIN, 0};
    ASSERT_TRUE(!gone.valid() || poll(&ended, 1, 5'000) == 1);
    looked = testing::run(io, look_for_old_libraries("/proc", looked.value().whole, "stamp", now, booted));
    EXPECT_FALSE(looked.value().whole.old.contains(process));
}

TEST_F(ARealProcess, OfSomebodyElseIsAnErrorThatNamesTheMissingRight) {
    const auto now = time.wall_now();
    ASSERT_EQ(seteuid(65534), 0);
    auto looked = testing::run(io, look_for_old_libraries("/proc", std::nullopt, "", now, now - time.since_boot()));
    ASSERT_EQ(seteuid(0), 0);
    ASSERT_TRUE(looked.has_value()) << looked.error().message();
    EXPECT_GT(looked.value().whole.barred, 0U);
    CheckReport report;
    judge_old_libraries({}, looked, {}, now, report);
    const auto& finding = finding_of(report, "process_maps");
    EXPECT_EQ(finding.result, CheckResult::error);
    EXPECT_EQ(finding.severity, Severity::medium);
    EXPECT_THAT(finding.reason, HasSubstr("CAP_SYS_PTRACE"));
}

}  // namespace
}  // namespace agent
