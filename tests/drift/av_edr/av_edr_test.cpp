// The unit, its restarts, the program's content, the baseline's keys, and any other product than ClamAV.
#include <algorithm>

#include "drift/av_edr/av_edr_ground.hpp"
#include "drift/av_edr/package_checksum.hpp"
#include "drift/av_edr/restarts.hpp"
#include "drift/av_edr/signature_files.hpp"
#include "drift/baseline.hpp"

namespace agent {
namespace {

using std::chrono::days;
using std::chrono::hours;
using testing::finding_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::results_of;

const WallTime start{days{20'000}};

UnitState service(std::uint32_t restarts, const std::string& invocation) {
    auto unit = testing::FakeUnits::active();
    unit.restarts = restarts;
    unit.invocation_id = invocation;
    return unit;
}

TEST(Restarts, BeforeTheFirstLookAreNotHeldAgainstTheService) {
    const auto first = look_again({}, service(9, "a"), start);
    EXPECT_FALSE(is_flapping(first, hours{1}, start));
    EXPECT_FALSE(is_flapping(look_again(first, service(9, "a"), start + hours{1}), hours{1}, start + hours{1}));
}

TEST(Restarts, CountUntilTheWindowHasPassed) {
    const auto first = look_again({}, service(0, "a"), start);
    const auto grown = look_again(first, service(1, "b"), start + hours{1});
    const auto later = look_again(grown, service(1, "b"), start + hours{2});
    EXPECT_TRUE(is_flapping(later, hours{1}, start + hours{2})) << "at the window's end itself";
    EXPECT_FALSE(is_flapping(later, hours{1}, start + hours{2} + Duration{1}));
}

TEST(Restarts, BySomebodyAreNoneAndWhatComesAfterThemIsNew) {
    const auto before = look_again({}, service(5, "a"), start);
    const auto by_hand = look_again(before, service(0, "b"), start);
    EXPECT_FALSE(is_flapping(by_hand, hours{1}, start));
    EXPECT_TRUE(is_flapping(look_again(before, service(2, "c"), start), hours{1}, start));
    EXPECT_TRUE(is_flapping(look_again(before, service(5, "d"), start), hours{1}, start)) << "as many, but others";
}

TEST(Restarts, OfAClockThatWentBackAreOver) {
    const auto grown = look_again(look_again({}, service(0, "a"), start), service(1, "b"), start);
    const auto back = look_again(grown, service(1, "b"), start - days{300});
    EXPECT_TRUE(is_flapping(back, hours{1}, start - days{300}));
    EXPECT_FALSE(is_flapping(back, hours{1}, start - days{299}));
}

TEST(Restarts, SurviveTheirNotesAndDistrustBrokenOnes) {
    const auto grown = look_again(look_again({}, service(0, "a"), start), service(1, "b"), start);
    const auto notes = write_restarts(grown);
    EXPECT_EQ(read_restarts(&notes), grown);
    const auto none = write_restarts({});
    const auto negative = Value::object({{"counted", -1}, {"invocation", "a"}});
    EXPECT_EQ(read_restarts(&none), Restarts{});
    EXPECT_EQ(read_restarts(&negative), Restarts{});
    EXPECT_EQ(read_restarts(nullptr), Restarts{});
}

TEST(PackageChecksums, AreFoundByTheWholePathOnly) {
    const std::string digits(32, 'a');
    const auto text = digits + "  usr/sbin/clamd2\n" + digits.substr(1) + "b  usr/sbin/clamd\n" + "short  sbin/x\n";
    EXPECT_EQ(checksum_in(text, "/usr/sbin/clamd"), digits.substr(1) + "b");
    EXPECT_EQ(checksum_in(text, "/sbin/clamd"), std::nullopt);
    EXPECT_EQ(checksum_in(text, "/sbin/x"), std::nullopt);
    EXPECT_EQ(checksum_in("", "/sbin/x"), std::nullopt);
}

TEST(PackageChecksums, AreFoundWhereverTheyStandInALongList) {
    testing::TemporaryDirectory folder;
    asio::io_context io;
    const std::string digits(32, 'a');
    std::string list;
    for (int i = 0; i < 3'000; ++i) list.append(digits).append("  usr/share/x/").append(std::to_string(i)).append("\n");
    folder.write("x.md5sums", list);
    for (int i = 0; i < 3'000; i += 7) {
        PackageHint hint;
        const auto file = "/usr/share/x/" + std::to_string(i);
        const auto found = testing::run(io, find_package_checksum(folder.path(), file, hint));
        ASSERT_TRUE(found.value()) << file;
        EXPECT_EQ(found.value()->md5, digits);
    }
    folder.write("x.md5sums", std::string(40'000, 'a'));
    PackageHint hint;
    EXPECT_THAT(testing::run(io, find_package_checksum(folder.path(), "/usr/x", hint)).error().message(),
                HasSubstr("no list of checksums"));
}

TEST(PackageChecksums, AreFoundUnderTheNameBeforeTheFoldersWereMerged) {
    EXPECT_EQ(checksum_in(std::string(32, 'a') + "  bin/true\n", "/usr/bin/true"), std::string(32, 'a'));
}

TEST(SignatureFiles, AreToldFromWhatFreshclamKeepsBesideThem) {
    for (const char* name : {"main.cvd", "daily.cld", "own.ndb", "rules.yara"}) EXPECT_TRUE(is_signature_file(name));
    for (const char* name : {"freshclam.dat", "mirrors.dat", ".cvd", "daily.cvd.tmp"})
        EXPECT_FALSE(is_signature_file(name)) << name;
}

class AvEdr : public testing::AvEdrGround {};

TEST_F(AvEdr, JudgesTheRestWhereNoServiceManagerAnswers) {
    units.reachable = false;
    const auto report = look_now();
    EXPECT_EQ(finding_of(report, "unit_active").result, CheckResult::error);
    EXPECT_EQ(finding_of(report, "answers").result, CheckResult::drift) << "it was asked";
    EXPECT_EQ(finding_of(report, "binary_hash").result, CheckResult::pass);
}

TEST_F(AvEdr, NamesTheKeysWhereThereIsNoClamAvAtAll) {
    units.units.clear();
    std::filesystem::remove(baseline.binary);
    const auto report = look_now();
    EXPECT_EQ(report.severity, Severity::critical);
    EXPECT_THAT(report.reason, HasSubstr("name yours in the baseline (product, unit)"));
    EXPECT_EQ(finding_of(report, "binary").severity, Severity::high);
    EXPECT_FALSE(results_of(report).contains("restarts"));
}

TEST_F(AvEdr, TellsWhyAUnitIsDown) {
    auto unit = testing::FakeUnits::with_state("inactive", "dead");
    unit.condition_result = false;
    units.units["clamav-daemon.service"] = unit;
    EXPECT_THAT(look_now().reason, HasSubstr("a condition of the unit does not hold"));
    unit.load_state = "masked";
    units.units["clamav-daemon.service"] = unit;
    EXPECT_THAT(look_now().reason, HasSubstr("systemctl unmask"));
}

TEST_F(AvEdr, CallsAServiceThatKeepsFallingOverADriftAndKeepsTheCounterOutOfTheState) {
    another_product();
    baseline.unit = "falcon-sensor.service";
    units.units[baseline.unit] = service(3, "a");
    EXPECT_EQ(look_now().result, CheckResult::pass);
    units.units[baseline.unit] = service(4, "b");
    const auto flapping = look_now();
    EXPECT_EQ(flapping.result, CheckResult::drift);
    EXPECT_EQ(flapping.severity, Severity::medium);
    EXPECT_THAT(flapping.reason, HasSubstr("journalctl -u falcon-sensor.service"));
    units.units[baseline.unit] = service(5, "c");
    EXPECT_EQ(look_now().state, flapping.state);
}

TEST_F(AvEdr, TellsABinaryThatIsMissingOrOfAnotherContent) {
    EXPECT_EQ(finding_of(look_now(), "binary_hash").result, CheckResult::pass);
    folder.write("sbin/clamd", "another program");
    EXPECT_EQ(finding_of(look_now(), "binary_hash").severity, Severity::high);
    EXPECT_THAT(finding_of(look_now(), "binary_hash").reason, HasSubstr("package clamav-daemon brought"));
    std::filesystem::remove(baseline.binary);
    EXPECT_EQ(finding_of(look_now(), "binary").severity, Severity::high);
    EXPECT_FALSE(results_of(look_now()).contains("binary_hash"));
}

TEST_F(AvEdr, ComparesWithTheBaselineBeforeThePackage) {
    baseline.sha256 = std::string(64, 'a');
    EXPECT_EQ(finding_of(look_now(), "binary_hash").result, CheckResult::drift);
    baseline.sha256 = *look_now().facts.find("binary")->find("sha256")->string();
    EXPECT_EQ(finding_of(look_now(), "binary_hash").result, CheckResult::pass);
}

TEST_F(AvEdr, SaysWhereTheContentIsComparedWithNothing) {
    std::filesystem::remove(host.dpkg_info / "clamav-daemon.md5sums");
    EXPECT_EQ(finding_of(look_now(), "binary_hash").result, CheckResult::not_applicable);
    EXPECT_THAT(finding_of(look_now(), "binary_hash").reason, HasSubstr("no package of dpkg has it"));
    host.dpkg_info = folder.path() / "nothing";
    EXPECT_EQ(finding_of(look_now(), "binary_hash").result, CheckResult::not_applicable);
    EXPECT_THAT(finding_of(look_now(), "binary_hash").reason, HasSubstr("there is no dpkg here; set sha256"));
}

TEST_F(AvEdr, SearchesThePackagesAgainOnlyAfterDpkgWasAtWork) {
    static_cast<void>(look_now());
    const auto touched = std::filesystem::last_write_time(host.dpkg_info);
    write_md5sums("aaa", std::string(32, 'f'));
    std::filesystem::last_write_time(host.dpkg_info, touched);
    EXPECT_EQ(finding_of(look_now(), "binary_hash").result, CheckResult::pass) << "still the package of before";
    std::filesystem::remove(host.dpkg_info / "clamav-daemon.md5sums");
    EXPECT_THAT(finding_of(look_now(), "binary_hash").reason, HasSubstr("package aaa"));
}

TEST_F(AvEdr, FollowsALinkToTheProgram) {
    const auto link = folder.path() / "clamd-link";
    std::filesystem::create_symlink(baseline.binary, link);
    baseline.binary = link;
    EXPECT_EQ(finding_of(look_now(), "binary_hash").result, CheckResult::pass);
}

TEST_F(AvEdr, NamesTheRightThatIsMissingToReadTheProgram) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody without rights";
    ::chmod(baseline.binary.c_str(), 0700);
    const auto report = look_without_rights();
    EXPECT_EQ(finding_of(report, "binary").result, CheckResult::error);
    EXPECT_THAT(finding_of(report, "binary").reason, HasSubstr("needs read permission on " + baseline.binary.native()));
}

TEST_F(AvEdr, ReadsNoFifoForAProgram) {
    std::filesystem::remove(baseline.binary);
    ASSERT_EQ(mkfifo(baseline.binary.c_str(), 0600), 0);
    EXPECT_THAT(finding_of(look_now(), "binary").reason, HasSubstr("no regular file"));
}

TEST_F(AvEdr, LearnsTheHashOnlyWhereNoPackageVouchesForIt) {
    RoundFacts facts;
    CheckTools tools{processes, units, time, facts, std::nullopt};
    const auto learn = [&] { return testing::run(io, AvEdrCheck{baseline, host}.learn(tools)).value(); };
    EXPECT_THAT(learn().lines, HasSubstr("\n# sha256: "));
    folder.write("sbin/clamd", "another program");
    EXPECT_THAT(learn().lines, HasSubstr("\nsha256: "));
    std::filesystem::remove(baseline.binary);
    EXPECT_EQ(learn().lines, "");
    EXPECT_THAT(learn().remarks.at(0), HasSubstr("install the scanner"));
    EXPECT_THAT(learn().unknown, IsEmpty());
}

class AnotherProduct : public testing::AvEdrGround {
protected:
    void SetUp() override {
        another_product();
        baseline.common.timeout = Duration{60'000};
    }
    [[nodiscard]] CheckReport look_with(const std::filesystem::path& program) {
        baseline.command = {program.native(), "status"};
        return look_now();
    }
};

TEST_F(AnotherProduct, IsAskedByItsOwnCommand) {
    EXPECT_EQ(look_with(program("ok", "test \"$1\" = status")).result, CheckResult::pass);
    const auto ill = look_with(program("ill", "exit 3"));
    EXPECT_EQ(ill.result, CheckResult::drift);
    EXPECT_EQ(ill.severity, Severity::critical);
    EXPECT_THAT(ill.reason, HasSubstr("ended with status 3"));
}

TEST_F(AnotherProduct, MustPrintWhatIsExpected) {
    baseline.expect = "State: healthy";
    EXPECT_EQ(look_with(program("healthy", "echo 'State: healthy, 3 engines'")).result, CheckResult::pass);
    const auto ill = look_with(program("ill", "echo 'State: \033[31mdown'"));
    EXPECT_EQ(ill.severity, Severity::critical);
    EXPECT_THAT(ill.reason, HasSubstr("did not print \"State: healthy\""));
    EXPECT_EQ(ill.reason.find('\033'), std::string::npos);
    EXPECT_EQ(look_with(program("complains", "echo 'State: healthy' >&2")).result, CheckResult::drift);
}

TEST_F(AnotherProduct, WhoseCommandIsMissingHangsFloodsOrMayNotRunIsNoPass) {
    EXPECT_EQ(look_with(folder.path() / "none").result, CheckResult::error);
    EXPECT_THAT(look_with(folder.path() / "none").reason, HasSubstr("no such program"));
    EXPECT_EQ(look_with(folder.write("not-executable", "#!/bin/sh\n")).result, CheckResult::error);
    baseline.expect = "healthy";
    EXPECT_EQ(look_with(flooding_program("floods")).result, CheckResult::error);
    EXPECT_THAT(look_with(flooding_program("floods")).reason, HasSubstr("printed more than is read"));
    baseline.common.timeout = short_limit;
    const auto hanging = look_with(hanging_program("hangs"));
    EXPECT_EQ(hanging.result, CheckResult::timeout);
    EXPECT_EQ(finding_of(hanging, "health").result, CheckResult::timeout);
    EXPECT_TRUE(all_gone());
}

class AvEdrBaselineKeys : public ::testing::Test {
protected:
    testing::TemporaryDirectory folder;
    BaselineOutcome read(const std::string& section) {
        return load_baseline(folder.write("baseline.yaml", "version: 1\nchecks:\n  av_edr_health: " + section + "\n"));
    }
    AvEdrBaseline baseline_of(const std::string& section) {
        const auto outcome = read(section);
        if (!outcome.baseline) throw std::runtime_error{outcome.faults.at(0).to_string()};
        return dynamic_cast<const AvEdrCheck&>(*outcome.baseline->find(CheckName{"av_edr_health"})).baseline();
    }
};

TEST_F(AvEdrBaselineKeys, HaveDefaultsForClamAv) {
    const auto baseline = baseline_of("{}");
    EXPECT_EQ(baseline.unit, "clamav-daemon.service");
    EXPECT_EQ(baseline.binary, "/usr/sbin/clamd");
    EXPECT_EQ(baseline.socket, "/run/clamav/clamd.ctl");
    EXPECT_EQ(baseline.signatures_age_most, days{3});
    EXPECT_EQ(baseline.common.controls.hipaa, (std::vector<std::string>{"164.308(a)(5)(ii)(B)", "164.312(b)"}));
    EXPECT_FALSE(baseline.common.runbook);
}

TEST_F(AvEdrBaselineKeys, OfAnotherProductBeginEmpty) {
    const auto baseline = baseline_of("{product: other, command: [/opt/x/ctl, status], expect: ok}");
    EXPECT_TRUE(baseline.unit.empty() && baseline.binary.empty());
    EXPECT_EQ(baseline.command, (std::vector<std::string>{"/opt/x/ctl", "status"}));
}

TEST_F(AvEdrBaselineKeys, ThatMakeNoSenseAreFaults) {
    for (const char* section :
         {"{product: clam}", "{product: other}", "{product: other, binary: /x, socket: /y}", "{command: [/x]}",
          "{expect: x}", "{product: other, expect: x, unit: a.service}", "{product: other, command: [x]}",
          "{unit: clamav}", "{binary: clamd}", "{sha256: abc}", "{signatures_max_age: 1s}", "{sockets: /x}",
          "{product: other, unit: a.service, sha256: "
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}"})
        EXPECT_EQ(read(section).faults.size(), 1U) << section;
    EXPECT_EQ(read("{socket: /" + std::string(107, 'x') + "}").faults.size(), 1U);
}

TEST(AvEdrOnThisHost, ComparesTheRealDaemonWithItsPackage) {
    if (!std::filesystem::exists("/var/lib/dpkg/info/clamav-daemon.md5sums"))
        GTEST_SKIP() << "needs the package clamav-daemon";
    testing::CheckGround ground;
    AvEdrBaseline baseline;
    baseline.common.name = CheckName{"av_edr_health"};
    baseline.socket = ground.folder.path() / "none";
    const auto report = ground.look(std::make_shared<AvEdrCheck>(baseline), Duration{60'000});
    EXPECT_EQ(finding_of(report, "binary_hash").result, CheckResult::pass) << finding_of(report, "binary_hash").reason;
    EXPECT_EQ(*report.facts.find("binary")->find("package")->string(), "clamav-daemon");
}

}  // namespace
}  // namespace agent
