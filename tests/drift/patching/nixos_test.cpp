#include "drift/patching/patching_ground.hpp"

namespace agent {
namespace {

using std::chrono::days;
using std::chrono::hours;
using testing::finding_of;
using ::testing::HasSubstr;
using testing::results_of;

TEST(NixosGenerations, AreKnownByTheirLinks) {
    EXPECT_EQ(generation_number("system-42-link"), 42);
    for (const char* link : {"system", "system--link", "system-4x-link", "system-0-link", "system-42-link-2",
                             "per-user", "system-99999999999999999999-link", ""})
        EXPECT_FALSE(generation_number(link)) << link;
}

TEST(NixosVersions, AreReadFromWhatTheProgramPrints) {
    const auto version =
        parse_nixos_version(
            R"({"configurationRevision":"98c70da6","nixosVersion":"25.11.20260407.d96b37b","nixpkgsRevision":"d96b37bb"})")
            .value();
    EXPECT_EQ(version.configuration_revision, "98c70da6");
    EXPECT_EQ(version.nixpkgs_revision, "d96b37bb");
    EXPECT_EQ(version.version, "25.11.20260407.d96b37b");
    EXPECT_EQ(parse_nixos_version(R"({"nixosVersion":"25.11"})").value().configuration_revision, "");
    for (const char* text : {"", "25.11 (Xantusia)", "{}", "[]", R"({"nixosVersion":1})"})
        EXPECT_TRUE(parse_nixos_version(text).has_error()) << text;
}

// The links of a NixOS with generations 40 to 42, of which 42 runs and was booted.
class Nixos : public testing::PatchingGround {
protected:
    void SetUp() override {
        PatchingGround::SetUp();
        host.system_id = "nixos";
        std::filesystem::create_directories(host.nixos.profiles);
        for (int number = 40; number <= 42; ++number) make_generation(number, 60 - number);
        link(host.nixos.profiles / "system", "system-42-link");
        run_generation(42);
        boot_generation(42);
    }
    static void link(const std::filesystem::path& name, const std::filesystem::path& target) {
        std::filesystem::remove(name);
        std::filesystem::create_symlink(target, name);
    }
    [[nodiscard]] std::filesystem::path store_path(int number) const {
        return folder.path() / "store" /
               ("0a1b2c3d4f5g6h7i8j9k0l1m2n3p4q" + std::to_string(number) + "-nixos-system-clinic-25.11");
    }
    // Made so many days ago; each has a kernel of its own and shares the rest.
    void make_generation(int number, int age) const {
        const auto path = store_path(number);
        std::filesystem::create_directories(path);
        folder.write(path / "nixos-version", "25.11.20260407.d96b37b");
        link(path / "kernel", "/nix/store/x-linux-6.12." + std::to_string(number) + "/bzImage");
        link(path / "initrd", "/nix/store/x-initrd/initrd");
        link(path / "kernel-modules", "/nix/store/x-modules");
        const auto name = host.nixos.profiles / ("system-" + std::to_string(number) + "-link");
        link(name, path);
        testing::set_changed(name, time.wall - days{age});
    }
    void run_generation(int number) const {
        link(host.nixos.current, store_path(number));
        testing::set_changed(host.nixos.current, time.wall - days{1});
    }
    void boot_generation(int number) const { link(host.nixos.booted, store_path(number)); }
    void version_prints(const std::string& text) {
        host.nixos_version = folder.write("nixos-version", "#!/bin/sh\n[ \"$1\" = --json ] && echo '" + text + "'\n");
        chmod(host.nixos_version.c_str(), 0755);
    }
};

TEST_F(Nixos, PassesWhereTheNewestGenerationRunsWasBootedAndIsYoung) {
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::pass) << report.reason;
    EXPECT_EQ(*report.facts.find("generation"), Value{42});
    EXPECT_EQ(*report.facts.find("nixos_revision"), Value{"25.11.20260407.d96b37b"});
    EXPECT_EQ(*report.facts.find("derivation_digest"), Value{"0a1b2c3d4f5g6h7i8j9k0l1m2n3p4q42"});
    EXPECT_EQ(finding_of(report, "security_upgrades").result, CheckResult::not_applicable);
    EXPECT_THAT(finding_of(report, "security_upgrades").reason, HasSubstr("no dpkg here"));
    EXPECT_EQ(runs_of_apt(), 0U);
}

TEST_F(Nixos, KeepsItsStateStillWhileItAges) {
    const auto before = look();
    time.advance(hours{5});
    const auto after = look();
    EXPECT_EQ(after.state, before.state);
    EXPECT_NE(after.facts, before.facts);
}

TEST_F(Nixos, ThatRunsAnotherGenerationIsAMediumDrift) {
    run_generation(41);
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(finding_of(report, "generation").severity, Severity::medium);
    EXPECT_THAT(finding_of(report, "generation").reason,
                HasSubstr("generation 41 runs, not the newest generation (42)"));
    baseline.generation = 41;
    EXPECT_EQ(finding_of(look(), "generation").result, CheckResult::pass) << "declared";
    run_generation(42);
    EXPECT_EQ(finding_of(look(), "generation").result, CheckResult::drift) << "newer than declared";
}

TEST_F(Nixos, ThatRunsNoGenerationAtAllIsADriftOfUnknownAge) {
    std::filesystem::create_directories(store_path(77));
    run_generation(77);
    const auto report = look();
    EXPECT_EQ(finding_of(report, "generation").result, CheckResult::drift);
    EXPECT_THAT(finding_of(report, "generation").reason, HasSubstr("gone after the next boot"));
    EXPECT_EQ(finding_of(report, "generation_age").result, CheckResult::error);
}

TEST_F(Nixos, GrowsTooOldInTwoSteps) {
    make_generation(42, 30);
    EXPECT_EQ(look().result, CheckResult::pass) << "at the limit itself";
    time.advance(std::chrono::seconds{1});
    EXPECT_EQ(finding_of(look(), "generation_age").severity, Severity::medium);
    time.advance(days{30});
    EXPECT_EQ(finding_of(look(), "generation_age").severity, Severity::high);
    EXPECT_EQ(look().severity, Severity::high);
    make_generation(42, -1);
    EXPECT_EQ(finding_of(look(), "generation_age").result, CheckResult::error) << "made tomorrow";
}

TEST_F(Nixos, WithAnotherKernelThanWasBootedIsDueForAReboot) {
    boot_generation(41);
    const auto due = look();
    EXPECT_EQ(finding_of(due, "reboot").result, CheckResult::pass);
    EXPECT_THAT(finding_of(due, "reboot").found, HasSubstr("another kernel than was booted, for 1 d"));
    time.advance(days{6});
    EXPECT_EQ(finding_of(look(), "reboot").result, CheckResult::pass);
    time.advance(std::chrono::seconds{1});
    run_generation(42);  // activated anew, which makes it no younger
    const auto overdue = look();
    EXPECT_EQ(finding_of(overdue, "reboot").severity, Severity::medium);
    EXPECT_NE(overdue.state, due.state);
    boot_generation(42);
    EXPECT_EQ(finding_of(look(), "reboot").result, CheckResult::pass);
}

TEST_F(Nixos, ThatDiffersFromTheBootedInMoreThanTheKernelNamesAllOfIt) {
    link(store_path(41) / "initrd", "/nix/store/y-initrd/initrd");
    link(store_path(41) / "kernel-modules", "/nix/store/y-modules");
    boot_generation(41);
    EXPECT_EQ(*look().facts.find("reboot_for"), Value{"kernel, initrd, kernel-modules"});
}

TEST_F(Nixos, BootedIntoAnOlderGenerationWithTheSameKernelNeedsNoReboot) {
    link(store_path(41) / "kernel", "/nix/store/x-linux-6.12.42/bzImage");
    boot_generation(41);
    EXPECT_EQ(look().result, CheckResult::pass);
}

TEST_F(Nixos, InAContainerHasNoKernelToReboot) {
    for (const auto* part : {"kernel", "initrd", "kernel-modules"}) std::filesystem::remove(store_path(42) / part);
    EXPECT_EQ(finding_of(look(), "reboot").result, CheckResult::not_applicable);
}

TEST_F(Nixos, OfADeclaredRevisionIsAskedForIt) {
    baseline.revision = "98c70da6";
    EXPECT_EQ(finding_of(look(), "revision").result, CheckResult::error) << "no program";
    version_prints(R"({"configurationRevision":"98c70da6","nixosVersion":"25.11","nixpkgsRevision":"d96b37bb"})");
    EXPECT_EQ(finding_of(look(), "revision").result, CheckResult::pass);
    baseline.revision = "d96b37bb";
    EXPECT_EQ(finding_of(look(), "revision").result, CheckResult::pass);
    baseline.revision = "00000000";
    EXPECT_EQ(finding_of(look(), "revision").severity, Severity::medium);
    version_prints("garbage");
    EXPECT_EQ(finding_of(look(), "revision").result, CheckResult::error);
    host.nixos_version = folder.write("loud", "#!/bin/sh\nexec head -c 100000000 /dev/zero\n");
    chmod(host.nixos_version.c_str(), 0755);
    EXPECT_EQ(finding_of(look(), "revision").result, CheckResult::error);
    host.nixos_version = folder.write("deaf", "#!/bin/sh\nsleep 100\n");
    chmod(host.nixos_version.c_str(), 0755);
    baseline.common.timeout = testing::CheckGround::short_limit;
    EXPECT_EQ(finding_of(look(), "revision").result, CheckResult::timeout);
}

TEST_F(Nixos, WithoutItsLinksIsAnErrorAndNoPass) {
    std::filesystem::remove(host.nixos.current);
    EXPECT_EQ(look().result, CheckResult::error);
    run_generation(42);
    std::filesystem::remove_all(host.nixos.profiles);
    EXPECT_EQ(finding_of(look(), "generation").result, CheckResult::error);
    std::filesystem::create_directories(host.nixos.profiles);
    EXPECT_THAT(finding_of(look(), "generation").reason, HasSubstr("no generation of a system"));
}

}  // namespace
}  // namespace agent
