#include "drift/baseline.hpp"
#include "drift/patching/file_stamps.hpp"
#include "drift/patching/patching_ground.hpp"

namespace agent {
namespace {

using std::chrono::days;
using std::chrono::hours;
using ::testing::HasSubstr;

// As apt 2.6 prints it on Debian 12.
constexpr std::string_view recorded = R"(Reading package lists...
Building dependency tree...
Reading state information...
Calculating upgrade...
The following packages will be upgraded:
  base-files bash libgcrypt20 libgcrypt20-dev
5 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.
Inst base-files [12.4+deb12u11] (12.4+deb12u15 Debian:12.15/oldstable [amd64])
Conf base-files (12.4+deb12u15 Debian:12.15/oldstable [amd64])
Inst bash [5.2.15-2+b8] (5.2.15-2+b13 Debian:12.15/oldstable [amd64])
Inst libgcrypt20-dev [1.10.1-3] (1.10.1-3+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64]) []
Inst libgcrypt20 [1.10.1-3] (1.10.1-3+deb12u1 Debian:12.15/oldstable, Debian-Security:12/oldstable-security [amd64])
Inst linux-image-6.1.0-42-amd64 (6.1.192-2 Debian-Security:12/oldstable-security [amd64])
Inst docker-ce [5:26.0] (5:26.1 Docker CE:bookworm [amd64])
)";
constexpr std::string_view summary = "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n";

TEST(AptSimulationText, TellsSecurityUpgradesByTheirOrigin) {
    const auto parsed = parse_apt_simulation(recorded).value();
    ASSERT_EQ(parsed.security.size(), 2U);
    EXPECT_EQ(parsed.security[0], (PendingUpgrade{"libgcrypt20", "1.10.1-3", "1.10.1-3+deb12u1"}));
    EXPECT_EQ(parsed.security[1].package, "libgcrypt20-dev");
    EXPECT_EQ(parsed.others, 3U);
}

TEST(AptSimulationText, KnowsASecurityArchiveByLabelOrSuffixOnly) {
    EXPECT_TRUE(is_security_origin("Debian-Security:12/oldstable-security"));
    EXPECT_TRUE(is_security_origin("Debian-Security:13/whatever"));
    EXPECT_TRUE(is_security_origin("Ubuntu:22.04/jammy-security"));
    EXPECT_FALSE(is_security_origin("Debian:12.15/oldstable"));
    EXPECT_FALSE(is_security_origin("security-tools:1/stable"));
}

TEST(AptSimulationText, ThatIsCutShortIsRefused) {
    for (const auto length : {0UL, 100UL, 400UL})
        EXPECT_EQ(parse_apt_simulation(recorded.substr(0, length)).error().code(), Errc::malformed) << length;
    EXPECT_TRUE(parse_apt_simulation("Inst bash garbage\n" + std::string{summary}).has_error());
    EXPECT_TRUE(parse_apt_simulation(summary).value().security.empty());
}

TEST(ReleaseText, GivesLabelSuiteAndDate) {
    const auto facts =
        parse_release(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: Debian\nLabel: Debian-Security\n"
            "Suite: oldstable-security\nCodename: bookworm-security\nDate: Wed, 18 Nov 2026 22:17:41 UTC\nSHA256:\n "
            "x\n")
            .value();
    EXPECT_TRUE(facts.is_security());
    EXPECT_EQ(format_rfc3339(facts.date), "2026-11-18T22:17:41.000Z");
    EXPECT_TRUE(parse_release("Label: Debian\n").has_error());
}

TEST(Rfc1123Dates, AreRefusedWhereTheyAreNone) {
    EXPECT_TRUE(parse_rfc1123("Sat,  1 Aug 2026 00:00:00 GMT").has_value());
    for (const char* text : {"", "2026-11-18", "Wed, 31 Feb 2026 22:17:41 UTC", "Wed, 18 Nov 2026 22:17:41 CET"})
        EXPECT_TRUE(parse_rfc1123(text).has_error()) << text;
}

const WallTime start{days{20'000}};
const std::vector<PendingUpgrade> bash{{"bash", "1", "2"}};

TEST(Sightings, AtTheFirstLookAreOfUnknownAgeAndAtLeastMedium) {
    const auto first = look_again({}, bash, start);
    EXPECT_FALSE(first.pending.at("bash").age_known);
    EXPECT_EQ(grade(first.pending.at("bash"), {}, start), Severity::medium);
    const auto later = look_again(first, bash, start + hours{1});
    EXPECT_EQ(grade(later.pending.at("bash"), {}, start + hours{1}), Severity::medium) << "still unknown";
    EXPECT_EQ(grade(later.pending.at("bash"), {}, start + days{31}), Severity::critical);
}

TEST(Sightings, CountFromTheLastLookWithoutThem) {
    const auto before = look_again(Sightings{}, {}, start);
    const auto found = look_again(before, bash, start + days{1});
    const auto& seen = found.pending.at("bash");
    EXPECT_EQ(seen.since, start);
    const PatchingBaseline limits;
    EXPECT_EQ(grade(seen, limits, start + limits.pending_medium), std::nullopt) << "at the limit itself";
    EXPECT_EQ(grade(seen, limits, start + limits.pending_medium + Duration{1}), Severity::medium);
    EXPECT_EQ(grade(seen, limits, start + limits.pending_high + Duration{1}), Severity::high);
    EXPECT_EQ(grade(seen, limits, start + limits.pending_critical + Duration{1}), Severity::critical);
}

TEST(Sightings, StartAnewOnceThePackageWasUpgradedButNotForANewerCandidate) {
    const auto first = look_again(look_again(Sightings{}, {}, start), bash, start + days{1});
    const auto newer = look_again(first, {{"bash", "1", "3"}}, start + days{2});
    EXPECT_EQ(newer.pending.at("bash").since, start);
    const auto again = look_again(newer, {{"bash", "2", "3"}}, start + days{3});
    EXPECT_EQ(again.pending.at("bash").since, start + days{2});
}

TEST(Sightings, OfAClockThatWentBackAreOfUnknownAge) {
    const auto ahead = look_again(look_again(Sightings{}, {}, start), bash, start + days{1});
    EXPECT_TRUE(ahead.pending.at("bash").age_known);
    const auto back = look_again(ahead, bash, start - days{9});
    EXPECT_FALSE(back.pending.at("bash").age_known);
}

TEST(Sightings, SurviveTheirNotesAndDistrustBrokenOnes) {
    const auto kept = look_again(look_again(Sightings{}, {}, start), bash, start + days{1});
    EXPECT_EQ(read_sightings(write_sightings(kept)), kept);
    for (const char* notes :
         {"", "{", "[]", "{\"looked\":1}", "{\"looked\":\"2026-01-01T00:00:00Z\",\"pending\":{\"a\":1}}"})
        EXPECT_EQ(read_patching_notes(notes).sightings, Sightings{}) << notes;
}

using PatchingOnAStandIn = testing::PatchingGround;

TEST_F(PatchingOnAStandIn, PassesWhereNothingIsPendingAndTheListsAreFresh) {
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::pass) << report.reason;
    EXPECT_FALSE(notes.empty());
}

TEST_F(PatchingOnAStandIn, LetsAnUpgradeBecomeDueAndKeepsItsStateStillWhileAgesMove) {
    static_cast<void>(look());
    apt_prints(one_pending);
    time.advance(hours{1});
    const auto young = look();
    EXPECT_EQ(young.result, CheckResult::pass) << young.reason;
    time.advance(hours{1});
    EXPECT_EQ(look().state, young.state);
    EXPECT_NE(look().facts, young.facts);
    time.advance(days{8});
    write_list("Fri, 27 Nov 2026 22:00:00 UTC");
    const auto due = look();
    EXPECT_EQ(due.result, CheckResult::drift);
    EXPECT_EQ(due.severity, Severity::high);
    EXPECT_NE(due.state, young.state);
}

TEST_F(PatchingOnAStandIn, CannotCallAnUpgradeYoungThatWasThereAtTheFirstLook) {
    apt_prints(one_pending);
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.severity, Severity::medium);
    EXPECT_THAT(report.reason, HasSubstr("unknown age"));
}

TEST_F(PatchingOnAStandIn, NamesPackagesOnHold) {
    apt_prints(one_pending);
    host.apt.dpkg_status = folder.write("dpkg/status", "Package: bash\nStatus: hold ok installed\n");
    EXPECT_THAT(look().reason, HasSubstr("1 on hold"));
}

TEST_F(PatchingOnAStandIn, TellsListsThatAreOldMissingOrOfNoSecurityArchive) {
    write_list("Mon, 16 Nov 2026 23:59:59 UTC");
    EXPECT_EQ(look().result, CheckResult::drift);
    EXPECT_EQ(look().severity, Severity::medium);
    folder.write("lists/x_InRelease", "Label: Debian\nSuite: oldstable\nDate: Thu, 19 Nov 2026 22:00:00 UTC\n");
    EXPECT_EQ(look().severity, Severity::high);
    std::filesystem::remove(host.apt.lists / "x_InRelease");
    EXPECT_EQ(look().result, CheckResult::error);
    EXPECT_THAT(look().reason, HasSubstr("apt-get update"));
}

TEST_F(PatchingOnAStandIn, IsAnErrorWhereAptFailsOrMakesNoSenseAndForgetsNothing) {
    static_cast<void>(look());
    const auto kept = notes;
    apt_does("echo 'E: broken' >&2; exit 100");
    EXPECT_EQ(look().result, CheckResult::error);
    EXPECT_THAT(look().reason, HasSubstr("status 100: \"E: broken\""));
    apt_prints("garbage\n");
    EXPECT_EQ(look().result, CheckResult::error);
    apt_does("exec head -c 100000000 /dev/zero");
    EXPECT_THAT(look().reason, HasSubstr("printed more than"));
    host.apt.apt_get = folder.path() / "no-apt-get";
    EXPECT_THAT(look().reason, HasSubstr("no such program"));
    EXPECT_EQ(notes, kept);
}

TEST_F(PatchingOnAStandIn, IsATimeOutWhereAptHangs) {
    apt_does("sleep 100");
    baseline.common.timeout = Duration{100};
    EXPECT_EQ(look().result, CheckResult::timeout);
}

TEST_F(PatchingOnAStandIn, DoesNotGuessAboutOtherSystems) {
    host.system_id = "nixos";
    EXPECT_EQ(look().result, CheckResult::error);
    host.system_id = "fedora";
    EXPECT_EQ(look().result, CheckResult::error);
    host.system_id = "linuxmint";
    host.system_like = "ubuntu debian";
    EXPECT_EQ(look().result, CheckResult::pass);
}

class PatchingSection : public ::testing::Test {
protected:
    BaselineOutcome load(const std::string& keys) const {
        return load_baseline(folder.write("baseline.yaml", "version: 1\nchecks:\n  patching:\n" + keys));
    }
    testing::TemporaryDirectory folder;
};

TEST_F(PatchingSection, SaysEverything) {
    const auto outcome = load(
        "    reboot_within: 1d\n    restart_within: 2h\n    generation_age: {medium: 5d, high: 6d}\n"
        "    generation: 42\n    revision: d96b37b\n");
    ASSERT_TRUE(outcome.faults.empty()) << outcome.faults.front().to_string();
    const auto* check = dynamic_cast<const PatchingCheck*>(outcome.baseline->find(CheckName{"patching"}));
    ASSERT_NE(check, nullptr);
    EXPECT_EQ(check->baseline().reboot_within, days{1});
    EXPECT_EQ(check->baseline().restart_within, hours{2});
    EXPECT_EQ(check->baseline().generation_medium, days{5});
    EXPECT_EQ(check->baseline().generation_high, days{6});
    EXPECT_EQ(check->baseline().generation, 42);
    EXPECT_EQ(check->baseline().revision, "d96b37b");
    EXPECT_THAT(check->explain(), HasSubstr("restarted within 2 h"));
}

TEST_F(PatchingSection, HasItsFaultsNamedByLineAndKey) {
    const auto fault = [this](const std::string& keys) {
        const auto outcome = load(keys);
        return outcome.faults.empty() ? "none" : outcome.faults.front().key + ": " + outcome.faults.front().text;
    };
    EXPECT_THAT(fault("    generation_age: {medium: 6d, high: 5d}\n"),
                HasSubstr("checks.patching.generation_age: medium must not be later"));
    EXPECT_THAT(fault("    pending: {high: 40d}\n"), HasSubstr("checks.patching.pending: high must not be later"));
    EXPECT_THAT(fault("    generation: 0\n"), HasSubstr("checks.patching.generation"));
    EXPECT_THAT(fault("    reboot_whithin: 1d\n"), HasSubstr("reboot_within"));
    EXPECT_THAT(fault("    restart_within: soon\n"), HasSubstr("checks.patching.restart_within"));
}

TEST(PatchingOnThisHost, GetsAnAnswerFromTheRealAptAndChangesNothing) {
    const auto host = PatchingHost::of_this_machine();
    if (!std::filesystem::exists(host.apt.apt_get)) GTEST_SKIP() << "needs apt-get";
    asio::io_context io;
    SystemTimeSource time;
    PosixProcessRunner runner{time};
    PatchingBaseline baseline;
    baseline.common.name = CheckName{"patching"};
    const PatchingCheck check{baseline, host};
    std::string notes;
    testing::NoUnits units;
    RoundFacts facts;
    CheckTools tools{runner, units, time, facts, std::nullopt};
    // Where apt-get would write if it were run without care (files may well be missing: that too stays as it is).
    const std::vector<std::filesystem::path> written{"/var/log/apt/eipp.log.xz", "/var/cache/apt/pkgcache.bin",
                                                     "/var/cache/apt/srcpkgcache.bin"};
    const auto before = stamps_of(written).value();
    const auto report = testing::run(io, check.look(tools, notes)).value();
    // Whatever this host is like: apt was understood.
    ASSERT_NE(report.facts.find("pending_security_upgrades"), nullptr) << report.reason;
    EXPECT_NE(read_patching_notes(notes).sightings, Sightings{});
    EXPECT_EQ(stamps_of(written).value(), before);
    EXPECT_TRUE(read_patching_notes(notes).apt) << "apt's own run changed what decides its answer";
}

}  // namespace
}  // namespace agent
