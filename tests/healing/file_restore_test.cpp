// file.restore: only the very bytes that the runbook names come back.
#include <gmock/gmock.h>

#include "crypto/digest.hpp"
#include "healing_fixture.hpp"

namespace agent::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FileRestore : public HealingTest {
protected:
    const Runbook& restoring(const std::string& content, const std::string& more = "") {
        return runbook("repairs: motd\nsteps:\n  - {action: file.restore, path: " + target("f") +
                       ", from: " + target("good") + ", sha256: " + sha256_hex(content) + ", mode: \"0640\"}\n" + more);
    }
    // Refused before anything was changed, with these words.
    void expect_refused(const Runbook& one, const std::string& words) {
        const auto draft = apply(one);
        EXPECT_EQ(draft.outcome, Outcome::failed);
        EXPECT_THAT(draft.error.value_or(""), AllOf(HasSubstr("nothing was changed"), HasSubstr(words)));
        EXPECT_FALSE(std::filesystem::exists(target("f")));
    }
};

TEST_F(FileRestore, TakesTheBytesOfTheGoodCopy) {
    folder.write("good", "as it came");
    folder.write("f", "tampered with");
    const auto& one = restoring("as it came");
    EXPECT_EQ(apply(one).outcome, Outcome::success);
    EXPECT_EQ(slurp(target("f")), "as it came");
    EXPECT_EQ(std::filesystem::status(target("f")).permissions(), std::filesystem::perms{0640});
    EXPECT_THAT(words_of(apply(one)), ElementsAre("1 unchanged"));
}

TEST_F(FileRestore, IsPutBackWhereTheCheckIsNotFineAndAfterACrash) {
    folder.write("good", "as it came");
    folder.write("f", "tampered with");
    const auto& one = restoring("as it came");
    check_results = {CheckResult::drift};
    EXPECT_EQ(apply(one).outcome, Outcome::reverted);
    EXPECT_EQ(slurp(target("f")), "tampered with");
    check_results = {CheckResult::pass};
    journal.run = {};
    EXPECT_EQ(apply(one).outcome, Outcome::success);
    auto cut = journal.run;
    cut.header.runbook = one.id;
    cut.state = RunState::stepping;
    std::filesystem::remove(target("good"));  // the undo does not need it
    EXPECT_EQ(finish(cut, &one).outcome, Outcome::reverted);
    EXPECT_EQ(finish(cut, &one).outcome, Outcome::reverted);
    EXPECT_EQ(slurp(target("f")), "tampered with");
}

TEST_F(FileRestore, RefusesACopyThatIsAnother) {
    folder.write("good", "as it came, with a door");
    expect_refused(restoring("as it came"),
                   "is not the one that the runbook means: its SHA-256 is " + sha256_hex("as it came, with a door"));
}

TEST_F(FileRestore, RefusesACopyThatIsALinkOrMissingOrTooLarge) {
    const auto& one = restoring("as it came");
    expect_refused(one, "is not there");
    folder.write("elsewhere", "as it came");
    std::filesystem::create_symlink(target("elsewhere"), target("good"));
    expect_refused(one, "is no regular file");
    std::filesystem::remove(target("good"));
    folder.write("good", std::string(1024UL * 1024UL + 1, 'x'));
    expect_refused(one, "is over 1 MiB");
}

TEST_F(FileRestore, DoesNotTakeACopyThatIsSwappedWhileItRuns) {
    folder.write("good", "as it came");
    const auto& one = restoring("as it came");
    const auto with = tools();
    const auto saved = run(io, one.steps.at(0)->save(with, Value::Object{})).value();
    folder.write("good", "something else");
    const auto performed = run(io, one.steps.at(0)->perform(with, Value::Object{}, saved));
    ASSERT_TRUE(performed.has_error());
    EXPECT_EQ(performed.error().code(), Errc::untrusted);
    EXPECT_FALSE(std::filesystem::exists(target("f")));
}

TEST_F(FileRestore, IsWrittenWithACompleteDigestAndAnAbsolutePath) {
    folder.write("faulty/one.yaml",
                 "id: RB-ONE\nname: one\ndescription: one\ndisruptive: false\nsteps:\n"
                 "  - {action: file.restore, path: /etc/motd, from: usr/share/motd, sha256: ABCD, mode: \"0644\"}\n"
                 "  - {action: file.restore, path: /etc/motd, from: /usr/share/../motd, mode: \"0644\", sha256: " +
                     sha256_hex("") + "}\n  - {action: file.restore, path: /etc/motd, mode: \"0644\"}\n");
    std::string words;
    for (const auto& fault : RunbookCatalogue::load(folder.path() / "faulty").faults) words += fault.to_string() + '\n';
    EXPECT_THAT(words, AllOf(HasSubstr("steps[1].sha256: must be 64 lower-case"), HasSubstr("steps[2].from: "),
                             HasSubstr("the absolute path of a good copy"), HasSubstr("that of the good copy")));
}

}  // namespace
}  // namespace agent::testing
