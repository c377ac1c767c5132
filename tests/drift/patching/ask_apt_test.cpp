#include "drift/patching/ask_apt.hpp"
#include "drift/patching/file_stamps.hpp"
#include "drift/patching/patching_ground.hpp"

namespace agent {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;

// The answer lies in a file, so that it can change without anything that decides it.
class AptsAnswer : public testing::PatchingGround {
protected:
    void SetUp() override {
        PatchingGround::SetUp();
        answer = folder.write("answer", nothing_pending);
        apt_does("cat " + answer.native());
    }
    std::size_t pending() {
        const auto report = look();
        const auto* number = report.facts.find("pending_security_upgrades");
        return number == nullptr ? 99 : static_cast<std::size_t>(*number->integer());
    }
    std::filesystem::path answer;
};

TEST_F(AptsAnswer, IsAskedForOnceForTwoLooksAndTheFactsSayWhen) {
    const auto first = look();
    time.advance(hours{1});
    const auto second = look();
    EXPECT_EQ(runs_of_apt(), 1U);
    EXPECT_EQ(*second.facts.find("apt_asked"), Value{"2026-11-20T00:00:00.000Z"});
    EXPECT_EQ(second.state, first.state);
    EXPECT_EQ(second.state.find("apt_asked"), nullptr) << "a moving value";
}

TEST_F(AptsAnswer, IsAskedForAgainAfterAChangeOfAnythingThatDecidesIt) {
    static_cast<void>(look());
    std::size_t runs = 1;
    const auto asks_again = [&](const std::string& after) {
        EXPECT_EQ(pending(), 0U) << after;
        EXPECT_EQ(runs_of_apt(), ++runs) << "after " << after;
        static_cast<void>(look());
        EXPECT_EQ(runs_of_apt(), runs) << "a second time after " << after;
    };
    folder.write("lists/x_Packages.lz4", "another list");
    asks_again("a new list");
    folder.write("lists/x_Packages.lz4", "a list that is longer");
    asks_again("a changed list");
    std::filesystem::remove(folder.path() / "lists/x_Packages.lz4");
    asks_again("a list that is gone");
    folder.write("dpkg/status", "Package: bash\nStatus: install ok installed\nVersion: 2\n");
    asks_again("a change of dpkg's status");
    folder.write("apt/preferences.d/pin", "Package: *\n");
    asks_again("new preferences");
    folder.write("apt/sources.list.d/debian.sources", "Types: deb deb-src\n");
    asks_again("changed sources");
    folder.write("apt/apt.conf", "APT::Install-Recommends \"0\";\n");
    asks_again("a new configuration");
    folder.write("extended_states", "Package: bash\nAuto-Installed: 1\n");
    asks_again("a change of what was installed by itself");
    folder.write("arch", "amd64\ni386\n");
    asks_again("another architecture");
    apt_does("true; cat " + answer.native());
    asks_again("another apt-get");
}

TEST_F(AptsAnswer, IsAskedForAgainWhereAFileWasReplacedByOneOfTheSameSizeAndTime) {
    const auto file = folder.write("apt/preferences", "Pin: a\n");
    const auto when = parse_rfc3339("2026-01-01T00:00:00Z").value();
    testing::set_changed(file, when);
    static_cast<void>(look());
    const auto other = folder.write("apt-other", "Pin: b\n");
    testing::set_changed(other, when);
    std::filesystem::rename(other, file);
    static_cast<void>(look());
    EXPECT_EQ(runs_of_apt(), 2U);
}

TEST_F(AptsAnswer, IsNotAskedForBecauseOfWhatAptDoesWhileItFetches) {
    static_cast<void>(look());
    folder.write("lists/lock", "");
    folder.write("lists/partial/x_Packages.xz", "half");
    static_cast<void>(look());
    EXPECT_EQ(runs_of_apt(), 1U);
}

TEST_F(AptsAnswer, IsAskedForAgainAfterADayAndAfterTheClockWentBack) {
    static_cast<void>(look());
    time.advance(kept_for_most - Duration{1});
    static_cast<void>(look());
    EXPECT_EQ(runs_of_apt(), 1U);
    time.advance(Duration{1});
    static_cast<void>(look());
    EXPECT_EQ(runs_of_apt(), 2U);
    time.wall -= hours{2};
    static_cast<void>(look());
    EXPECT_EQ(runs_of_apt(), 3U);
}

TEST_F(AptsAnswer, ThatIsAFailureIsNeverKept) {
    apt_does("exit 100");
    EXPECT_EQ(look().result, CheckResult::error);
    EXPECT_EQ(look().result, CheckResult::error);
    EXPECT_EQ(runs_of_apt(), 2U);
    EXPECT_FALSE(read_patching_notes(notes).apt);
}

TEST_F(AptsAnswer, IsNotKeptWhereItsInputsChangedWhileAptRan) {
    apt_does("echo changed >>" + (folder.path() / "lists/y_Packages").native() + "; cat " + answer.native());
    static_cast<void>(look());
    static_cast<void>(look());
    EXPECT_EQ(runs_of_apt(), 2U);
}

TEST_F(AptsAnswer, IsNotKeptWhereItsInputsCannotBeToldApart) {
    std::filesystem::create_directory_symlink(folder.path() / "apt", folder.path() / "apt/circle");
    static_cast<void>(look());
    EXPECT_EQ(look().result, CheckResult::pass);
    EXPECT_EQ(runs_of_apt(), 2U);
    EXPECT_FALSE(read_patching_notes(notes).apt);
}

TEST_F(AptsAnswer, HasInputsThatAreAnErrorWhereTheyMayNotBeLookedAt) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else for a moment";
    folder.write("apt/auth.conf.d/secret", "password\n");
    std::filesystem::permissions(folder.path() / "apt/auth.conf.d", std::filesystem::perms::none);
    std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
    ASSERT_EQ(seteuid(65534), 0);
    const auto stamps = stamps_of(host.apt.settings);
    ASSERT_EQ(seteuid(0), 0);
    ASSERT_TRUE(stamps.has_error());
    EXPECT_THAT(stamps.error().message(), HasSubstr("needs read permission"));
}

TEST_F(AptsAnswer, ThatWasKeptIsAsGoodAsANewOneWithHoldsAndKernels) {
    folder.write("dpkg/status",
                 "Package: bash\nStatus: hold ok installed\nVersion: 1\n\n"
                 "Package: linux-image-6.1.0-43-amd64\nStatus: install ok installed\nVersion: 6.1.162-1\n");
    folder.write("answer", one_pending);
    const auto first = look();
    const auto second = look();
    EXPECT_EQ(runs_of_apt(), 1U);
    EXPECT_EQ(second.facts, first.facts);
    EXPECT_EQ(second.state, first.state);
    EXPECT_THAT(second.reason, HasSubstr("1 on hold"));
}

TEST(KeptAnswers, SurviveTheirNotesAndBrokenOnesAreNone) {
    KeptAnswer answer{"abc", WallTime{Duration{1'700'000'000'000}}, {{{"bash", "1", "2"}}, 7}, {}};
    answer.dpkg = {{"bash"}, {{"6.1.0-42-amd64", "linux-image-6.1.0-42-amd64", "6.1.159-1"}}};
    const auto notes = write_kept_answer(answer);
    const auto read = read_kept_answer(&notes);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->inputs, "abc");
    EXPECT_EQ(read->made, answer.made);
    EXPECT_EQ(read->simulation.security, answer.simulation.security);
    EXPECT_EQ(read->simulation.others, 7U);
    EXPECT_EQ(read->dpkg, answer.dpkg);
    EXPECT_FALSE(read_kept_answer(nullptr));
    for (const auto* member : {"inputs", "made", "others", "security", "on_hold", "kernels"}) {
        auto broken = notes;
        broken.set(member, Value::array({Value::array({"only", "two"})}));
        EXPECT_FALSE(read_kept_answer(&broken)) << member;
    }
}

}  // namespace
}  // namespace agent
