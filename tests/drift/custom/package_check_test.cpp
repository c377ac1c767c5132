#include "drift/custom/package_check.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <random>

#include "drift/baseline.hpp"
#include "drift/custom/debian_version.hpp"
#include "support/check_ground.hpp"

namespace agent {
namespace {

using testing::finding_of;
using ::testing::HasSubstr;
using testing::results_of;

constexpr auto dpkg = "/usr/bin/dpkg";

// Pieces that disagree most: empty, zeros, tildes, letters against marks, numbers too large for any type.
std::string random_version(std::mt19937& random) {
    static const std::vector<std::string> pieces{"",  "0", "00", "1",  "10", "9",  "~", "~~", "a",
                                                 "Z", "+", ".",  "rc", "-1", "~a", "b", "1.", "99999999999999999999"};
    const auto pick = [&](std::size_t most) { return std::uniform_int_distribution<std::size_t>{0, most}(random); };
    std::string version;
    if (pick(3) == 0) version += std::to_string(pick(2)) + ":";
    version += std::to_string(pick(1));
    for (auto left = pick(4); left > 0; --left) version += pieces[pick(pieces.size() - 1)];
    if (version.ends_with('-')) version += "0";
    return version;
}

std::string_view operator_of(std::strong_ordering order) {
    if (order < 0) return "lt";
    return order > 0 ? "gt" : "eq";
}

TEST(DebianVersions, AreOrderedAsDpkgOrdersThem) {
    if (!std::filesystem::exists(dpkg)) GTEST_SKIP() << "needs dpkg";
    std::mt19937 random{20'261'121};
    testing::CheckGround ground;
    std::string lines;
    std::size_t number = 0;
    for (int i = 0; i < 400; ++i) {
        const auto a = random_version(random);
        const auto b = random_version(random);
        if (check_debian_version(a).has_error() || check_debian_version(b).has_error()) continue;
        lines += a + " " + std::string{operator_of(compare_debian_versions(a, b))} + " " + b + "\n";
        ++number;
    }
    ASSERT_GT(number, 300U);
    const auto list = ground.folder.write("list", lines);
    Command command;
    command.program = ground.program("compare", "while read a order b; do " + std::string{dpkg} +
                                                    " --compare-versions \"$a\" $order \"$b\" || echo \"$a $order "
                                                    "$b\"; done <" +
                                                    list.native());
    const auto exit = testing::run(ground.io, ground.processes.run(command)).value();
    EXPECT_EQ(exit.standard_output.head, "") << "dpkg disagrees";
    EXPECT_EQ(exit.standard_error.head, "");
}

TEST(DebianVersions, KnowTheExamplesOfTheManual) {
    const std::vector<std::string> in_order{"1.0~~",  "1.0~~a", "1.0~", "1.0",      "1.0-1", "1.0a",
                                            "1.0+b1", "1.0.1",  "1.2",  "1.10-0.1", "1:0.1"};
    for (std::size_t i = 0; i + 1 < in_order.size(); ++i)
        EXPECT_TRUE(compare_debian_versions(in_order[i], in_order[i + 1]) < 0) << in_order[i];
    EXPECT_TRUE(compare_debian_versions("0:1.0-0", "1.0") == 0);
    EXPECT_TRUE(compare_debian_versions("1.0", "1.00") == 0);
}

TEST(DebianVersions, AreCheckedAsDpkgChecksThem) {
    for (const char* good : {"1", "1:2-3", "2.36-9+deb12u14", "0~rc1", "1-2-3", "1:2:3", "5.2.15-2+b13"})
        EXPECT_TRUE(check_debian_version(good).has_value()) << good;
    for (const char* bad : {"", ":1", "a:1", "1:", "v1", "1-", "1 2", "1_2", "1-a_b", "1\n", "9999999999:1"})
        EXPECT_EQ(check_debian_version(bad).error().code(), Errc::malformed) << bad;
}

constexpr std::string_view status = R"(Package: bash
Status: install ok installed
Architecture: amd64
Version: 5.2.15-2
Description: x
 Package: telnetd
 Status: install ok installed

Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9

Package: libc6
Status: install ok installed
Architecture: i386
Version: 2.36-8

Package: old
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0

Package: broken
Status: install ok half-configured
Architecture: all
Version: 3:1.0

Package: told
Status: hold ok triggers-pending
Architecture: amd64
Version: 1.0
)";

TEST(DpkgStatus, GivesEveryArchitectureOrTheOneThatIsNamed) {
    EXPECT_EQ(find_package(status, "libc6").size(), 2U);
    ASSERT_EQ(find_package(status, "libc6:i386").size(), 1U);
    EXPECT_EQ(find_package(status, "libc6:i386")[0].version, "2.36-8");
    EXPECT_TRUE(find_package(status, "telnetd").empty()) << "a line of a description";
    EXPECT_TRUE(find_package(status, "bas").empty());
    EXPECT_TRUE(find_package("", "bash").empty());
    EXPECT_EQ(find_package(status, "told")[0].version, "1.0") << "the last of the file";
}

class PackageChecks : public ::testing::Test, public testing::CheckGround {
protected:
    PackageChecks() {
        baseline.common.name = CheckName{"package"};
        host.dpkg_status = folder.write("status", status);
        host.system_id = "debian";
    }
    CheckReport look_for(const std::string& package) {
        baseline.package = package;
        return look(std::make_shared<PackageCheck>(baseline, host));
    }
    PackageBaseline baseline;
    PackageHost host;
};

TEST_F(PackageChecks, TellWhatIsInstalledFromWhatIsHalfThereOrGone) {
    EXPECT_EQ(look_for("bash").result, CheckResult::pass);
    EXPECT_EQ(look_for("told").result, CheckResult::pass);
    EXPECT_EQ(look_for("none").reason, "package none is not installed, and should be installed");
    EXPECT_THAT(look_for("old").reason, HasSubstr("config-files"));
    EXPECT_THAT(look_for("broken").reason, HasSubstr("half-configured 3:1.0 (all)"));
}

TEST_F(PackageChecks, TellWhatShouldNotBeThere) {
    baseline.present = false;
    EXPECT_EQ(look_for("none").result, CheckResult::pass);
    EXPECT_EQ(look_for("old").result, CheckResult::pass) << "only its configuration is left";
    EXPECT_EQ(look_for("bash").severity, Severity::high);
    EXPECT_EQ(look_for("broken").result, CheckResult::drift) << "half of it can run";
}

TEST_F(PackageChecks, JudgeTheVersionOfEveryArchitecture) {
    baseline.version_at_least = "2.36-9";
    EXPECT_EQ(look_for("libc6:amd64").result, CheckResult::pass);
    const auto both = look_for("libc6");
    EXPECT_EQ(both.result, CheckResult::drift);
    EXPECT_EQ(both.reason, "package libc6 is of version 2.36-8, not 2.36-9 or newer");
    baseline.version_at_least.reset();
    baseline.version = "0:5.2.15-2";
    EXPECT_EQ(look_for("bash").result, CheckResult::pass) << "the same version, spelt otherwise";
    baseline.version = "5.2.15-3";
    EXPECT_EQ(finding_of(look_for("bash"), "version").found, "5.2.15-2");
}

TEST_F(PackageChecks, DoNotGuessWithoutDpkg) {
    host.dpkg_status = folder.path() / "none";
    host.system_id = "nixos";
    EXPECT_EQ(look_for("bash").result, CheckResult::not_applicable);
    EXPECT_THAT(look_for("bash").reason, HasSubstr("NixOS"));
    host.system_id = "fedora";
    EXPECT_EQ(look_for("bash").result, CheckResult::error);
    EXPECT_THAT(look_for("bash").reason, HasSubstr("this system (fedora) has no dpkg"));
}

TEST_F(PackageChecks, NameTheRightThatIsMissing) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody without rights";
    ::chmod(folder.path().c_str(), 0755);
    ::chmod(host.dpkg_status.c_str(), 0600);
    ASSERT_EQ(seteuid(65534), 0);
    const auto report = look_for("bash");
    ASSERT_EQ(seteuid(0), 0);
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("needs read permission on " + host.dpkg_status.native()));
}

TEST(PackageCheckKeys, ThatMakeNoSenseAreFaults) {
    const testing::TemporaryDirectory folder;
    const auto faults = [&](const std::string& keys) {
        const auto file =
            folder.write("baseline.yaml", "version: 1\ncustom:\n  - {name: x, kind: package, " + keys + "}\n");
        return load_baseline(file).faults.size();
    };
    for (const char* sound :
         {"package: bash", "package: 'libc6:i386', version_at_least: '1:2.36-9'", "package: telnetd, present: false"})
        EXPECT_EQ(faults(sound), 0U) << sound;
    for (const char* wrong : {"present: true", "package: Bash", "package: a", "package: 'bash:'",
                              "package: bash, version: v1", "package: bash, present: false, version: '1'"})
        EXPECT_EQ(faults(wrong), 1U) << wrong;
}

TEST(PackagesOfThisHost, AreFoundInTheRealStatusFile) {
    if (!std::filesystem::exists("/var/lib/dpkg/status")) GTEST_SKIP() << "needs dpkg";
    testing::CheckGround ground;
    PackageBaseline baseline;
    baseline.common.name = CheckName{"package"};
    baseline.package = "dpkg";
    baseline.version_at_least = "1.19";
    const auto report = ground.look(std::make_shared<PackageCheck>(baseline, PackageHost::of_this_machine()));
    EXPECT_EQ(report.result, CheckResult::pass) << report.reason;
}

}  // namespace
}  // namespace agent
