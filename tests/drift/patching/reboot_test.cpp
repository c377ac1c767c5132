#include "drift/patching/patching_ground.hpp"

namespace agent {
namespace {

using std::chrono::days;
using std::chrono::hours;
using ::testing::ElementsAre;
using testing::finding_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(KernelNames, AreSplitIntoVersionAndFlavour) {
    EXPECT_EQ(flavour_of("6.1.0-42-amd64"), "amd64");
    EXPECT_EQ(flavour_of("6.1.0-42-cloud-amd64"), "cloud-amd64");
    EXPECT_EQ(flavour_of("6.12.43+deb13-rt-amd64"), "rt-amd64");
    EXPECT_EQ(flavour_of("6.1.0-0.deb11.13-arm64"), "arm64");
    EXPECT_EQ(flavour_of("6.16-rc7-amd64"), "amd64");
    EXPECT_EQ(flavour_of("5.15.0-91-generic"), "generic");
    EXPECT_EQ(flavour_of("6.18.44"), "");
    EXPECT_EQ(flavour_of(""), "");
}

TEST(KernelNames, OfPackagesAreThoseThatHoldAKernel) {
    EXPECT_EQ(kernel_release_of("linux-image-6.1.0-42-amd64"), "6.1.0-42-amd64");
    EXPECT_EQ(kernel_release_of("linux-image-6.1.0-42-amd64-unsigned"), "6.1.0-42-amd64");
    for (const char* package : {"linux-image-amd64", "linux-image-6.1.0-42-amd64-dbg", "linux-image-", "bash"})
        EXPECT_FALSE(kernel_release_of(package)) << package;
}

TEST(RunningKernels, TellTheirReleaseAndTheirPackagesVersion) {
    const auto bookworm =
        parse_proc_version(
            "Linux version 6.1.0-42-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian "
            "12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) #1 SMP PREEMPT_DYNAMIC "
            "Debian 6.1.159-1 (2025-12-30)\n")
            .value();
    EXPECT_EQ(bookworm.release, "6.1.0-42-amd64");
    EXPECT_EQ(bookworm.version, "6.1.159-1");
    const auto own =
        parse_proc_version("Linux version 6.18.44 (root@build) (gcc (Debian 12.2.0) 12.2.0) #1 SMP\n").value();
    EXPECT_EQ(own.release, "6.18.44");
    EXPECT_EQ(own.version, "");
    for (const char* text : {"", "FreeBSD 14", "Linux version ", "Linux version \n"})
        EXPECT_TRUE(parse_proc_version(text).has_error()) << text;
}

std::vector<std::string> newer(const RunningKernel& running, std::vector<InstalledKernel> kernels) {
    std::vector<std::string> releases;
    for (const auto& kernel : newer_than(running, std::move(kernels))) releases.push_back(kernel.release);
    return releases;
}

TEST(NewerKernels, AreToldByTheVersionsOfTheirPackages) {
    const RunningKernel running{"6.1.0-42-amd64", "6.1.159-1"};
    EXPECT_THAT(newer(running, {{"6.1.0-42-amd64", "p", "6.1.159-1"}, {"6.1.0-9-amd64", "p", "6.1.27-1"}}), IsEmpty());
    EXPECT_THAT(newer(running, {{"6.1.0-42-amd64", "p", "6.1.162-1"}}), ElementsAre("6.1.0-42-amd64"))
        << "replaced under the same release";
    EXPECT_THAT(newer(running, {{"6.1.0-43-amd64", "p", "6.1.162-1"}, {"6.1.0-100-amd64", "p", "6.1.900-1"}}),
                ElementsAre("6.1.0-100-amd64", "6.1.0-43-amd64"));
    EXPECT_THAT(newer(running, {{"6.12.43+deb13-amd64", "p", "6.12.43-1"}}), ElementsAre("6.12.43+deb13-amd64"));
}

TEST(NewerKernels, WithoutAPackageAreToldByTheirReleases) {
    const RunningKernel running{"6.1.0-42-amd64", ""};
    EXPECT_THAT(newer(running, {{"6.1.0-42-amd64", "p", "6.1.999-1"}, {"6.1.0-9-amd64", "", ""}}), IsEmpty());
    EXPECT_THAT(newer(running, {{"6.1.0-43-amd64", "", ""}}), ElementsAre("6.1.0-43-amd64"));
}

TEST(NewerKernels, AreOfTheSameFlavour) {
    const auto same = of_flavour({{"6.1.0-43-cloud-amd64", "", ""}, {"6.1.0-43-amd64", "", ""}}, "6.1.0-42-amd64");
    ASSERT_EQ(same.size(), 1U);
    EXPECT_EQ(same[0].release, "6.1.0-43-amd64");
}

TEST(DpkgStatus, GivesHoldsAndTheKernelsThatAreThere) {
    const auto view = parse_dpkg_status(
        "Package: zlib1g\nStatus: hold ok installed\nVersion: 1\n\n"
        "Package: linux-image-6.1.0-42-amd64\nStatus: install ok installed\nDescription: Linux\n Package: not "
        "this\nVersion: "
        "6.1.159-1\n\n"
        "Package: linux-image-6.1.0-41-amd64\nStatus: deinstall ok config-files\nVersion: 6.1.150-1\n\n"
        "Package: linux-image-6.1.0-43-amd64\nVersion: 6.1.162-1\nStatus: install ok unpacked\n\n"
        "Package: bash\nStatus: hold ok installed");
    EXPECT_THAT(view.on_hold, ElementsAre("bash", "zlib1g"));
    EXPECT_THAT(view.kernels,
                ElementsAre(InstalledKernel{"6.1.0-42-amd64", "linux-image-6.1.0-42-amd64", "6.1.159-1"},
                            InstalledKernel{"6.1.0-43-amd64", "linux-image-6.1.0-43-amd64", "6.1.162-1"}));
    EXPECT_EQ(parse_dpkg_status(""), DpkgView{});
    EXPECT_EQ(parse_dpkg_status("\n\n\nnonsense\n"), DpkgView{});
}

const WallTime noon{days{20'000} + hours{12}};

TEST(Dues, CountFromTheEarliestThatIsKnown) {
    const Dues before{{"kernel", noon - days{3}}, {"gone", noon - days{9}}};
    const auto after =
        look_again(before, {{"kernel", {noon - days{1}, WallTime{}}}, {"new", {noon - days{2}, WallTime{}}}}, noon);
    EXPECT_EQ(after, (Dues{{"kernel", noon - days{3}}, {"new", noon - days{2}}}));
}

TEST(Dues, AreNeverOlderThanWhatIsDueNorInTheFuture) {
    const Dues before{{"a", noon - days{30}}, {"ahead", noon + days{1}}};
    const auto after =
        look_again(before, {{"a", {noon - days{20}, noon - hours{1}}}, {"ahead", {noon + days{2}, WallTime{}}}}, noon);
    EXPECT_EQ(after, (Dues{{"a", noon - hours{1}}, {"ahead", noon}}));
    const auto notes = write_dues(after);
    EXPECT_EQ(read_dues(&notes), after);
    EXPECT_TRUE(read_dues(nullptr).empty());
}

class RebootOfDebian : public testing::PatchingGround {
protected:
    void install_kernel(const std::string& release, const std::string& version, WallTime when) {
        status += "\nPackage: linux-image-" + release + "\nStatus: install ok installed\nVersion: " + version + "\n";
        folder.write("dpkg/status", status);
        testing::set_changed(folder.write("dpkg/info/linux-image-" + release + ".list", "/boot\n"), when);
    }
    void ask_for_reboot(WallTime when) {
        folder.write("reboot-required.pkgs", "libc6\nlinux-image-6.1.0-43-amd64\nlibc6\n");
        testing::set_changed(folder.write("reboot-required", "*** System restart required ***\n"), when);
    }
    std::string status{"Package: bash\nStatus: install ok installed\n"};
};

TEST_F(RebootOfDebian, IsNotDueWhereNobodyAsksAndTheNewestKernelRuns) {
    install_kernel("6.1.0-42-amd64", "6.1.159-1", time.wall - days{50});
    install_kernel("6.1.0-41-amd64", "6.1.150-1", time.wall - days{90});
    install_kernel("6.1.0-50-cloud-amd64", "6.1.200-1", time.wall - days{90});
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::pass) << report.reason;
    EXPECT_EQ(finding_of(report, "reboot_required").found, "not asked for");
    EXPECT_THAT(finding_of(report, "kernel").found, HasSubstr("6.1.159-1"));
}

TEST_F(RebootOfDebian, ThatIsAskedForIsADriftOnceItIsOverdueAndNamesThePackages) {
    ask_for_reboot(time.wall - days{7});
    const auto due = look();
    EXPECT_EQ(due.result, CheckResult::pass) << due.reason;
    EXPECT_THAT(finding_of(due, "reboot_required").found, HasSubstr("libc6, linux-image-6.1.0-43-amd64"));
    time.advance(Duration{1});
    ask_for_reboot(time.wall);  // another upgrade asks again, which makes it no younger
    write_list("Fri, 20 Nov 2026 00:00:00 UTC");
    const auto overdue = look();
    EXPECT_EQ(overdue.result, CheckResult::drift);
    EXPECT_EQ(overdue.severity, Severity::medium);
    EXPECT_EQ(finding_of(overdue, "reboot_required").severity, Severity::medium);
    EXPECT_NE(overdue.state, due.state);
    time.advance(hours{1});
    EXPECT_EQ(look().state, overdue.state);
}

TEST_F(RebootOfDebian, ForANewerKernelCountsFromWhenItWasInstalled) {
    install_kernel("6.1.0-42-amd64", "6.1.159-1", time.wall - days{50});
    install_kernel("6.1.0-43-amd64", "6.1.162-1", time.wall - days{6});
    const auto young = look();
    EXPECT_EQ(young.result, CheckResult::pass) << young.reason;
    EXPECT_THAT(finding_of(young, "kernel").found, HasSubstr("6.1.0-43-amd64 (6.1.162-1), newer than the running"));
    install_kernel("6.1.0-44-amd64", "6.1.170-1", time.wall - days{8});
    const auto overdue = look();
    EXPECT_EQ(overdue.result, CheckResult::drift);
    EXPECT_THAT(overdue.reason, HasSubstr("6.1.0-44-amd64"));
    baseline.reboot_within = days{9};
    EXPECT_EQ(look().result, CheckResult::pass);
    folder.write("proc/version", "Linux version 6.1.0-44-amd64 (x) #1 SMP Debian 6.1.170-1 (2026-11-01)\n");
    EXPECT_THAT(finding_of(look(), "kernel").found, HasSubstr("6.1.170-1"));
}

TEST_F(RebootOfDebian, FindsKernelsThatNoPackageBrought) {
    folder.write("proc/version", "Linux version 6.18.44-own (root@build) (gcc 12) #1 SMP\n");
    folder.write("boot/vmlinuz-6.18.44-own", "");
    folder.write("boot/vmlinuz-6.18.50-own.old", "");
    EXPECT_EQ(finding_of(look(), "kernel").result, CheckResult::pass);
    testing::set_changed(folder.write("boot/vmlinuz-6.18.50-own", ""), time.wall - days{10});
    EXPECT_EQ(finding_of(look(), "kernel").result, CheckResult::drift);
}

TEST_F(RebootOfDebian, WithoutAnInstalledKernelDoesNotApplyAndSaysWhy) {
    const auto finding = finding_of(look(), "kernel");
    EXPECT_EQ(finding.result, CheckResult::not_applicable);
    EXPECT_THAT(finding.reason, HasSubstr("container"));
}

TEST_F(RebootOfDebian, IsUndeterminedWhereTheKernelOrDpkgDoesNotTell) {
    folder.write("proc/version", "rubbish\n");
    EXPECT_EQ(finding_of(look(), "kernel").result, CheckResult::error);
    folder.write("proc/version", running_kernel);
    std::filesystem::remove(host.apt.dpkg_status);
    EXPECT_EQ(finding_of(look(), "kernel").result, CheckResult::error);
}

}  // namespace
}  // namespace agent
