// What somebody on the host, or the sender of an order, might try on a run.
#include <gmock/gmock.h>

#include <unistd.h>

#include <cstdlib>

#include "healing_fixture.hpp"

namespace agent::testing {
namespace {

using ::testing::HasSubstr;

class Hostile : public HealingTest {
protected:
    MeddlingJournal meddling;

    EvidenceDraft apply_meddled(const Runbook& runbook) {
        auto healing = engine();
        const LocalMandate mandate{Trigger::manual, Value{Value::Object{}}};
        return run(io, healing.apply(runbook, &mandate, meddling, confirmation));
    }
    void swap_for_a_link(const std::string& name, const std::string& to) const {
        std::filesystem::remove_all(target(name));
        std::filesystem::create_symlink(target(to), target(name));
    }
};

TEST_F(Hostile, ALinkPutInThePlaceOfAFileThatWasLookedAtIsNotWrittenThrough) {
    folder.write("f", "before");
    folder.write("shadow", "kept");
    meddling.at_a_step = [&] { swap_for_a_link("f", "shadow"); };
    const auto draft = apply_meddled(runbook("steps:\n" + install("f", "after")));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("not a regular file"));
    EXPECT_EQ(slurp(target("shadow")), "kept");
}

TEST_F(Hostile, ALinkPutInThePlaceOfAFolderIsNotWrittenThroughThoughWhatIsBehindItLooksTheSame) {
    folder.write("in/f", "before");
    folder.write("other/f", "before");
    std::filesystem::permissions(folder.path(), std::filesystem::perms{0777});  // where others may make links
    meddling.at_a_step = [&] { swap_for_a_link("in", "other"); };
    const auto draft = apply_meddled(runbook("steps:\n" + install("in/f", "after")));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("is a link"));
    EXPECT_EQ(slurp(target("other/f")), "before");
}

TEST_F(Hostile, AFileThatChangedSinceItWasKeptIsNotReplaced) {
    folder.write("f", "before");
    meddling.at_a_step = [&] { folder.write("f", "somebody's work"); };
    const auto draft = apply_meddled(runbook("steps:\n" + install("f", "after")));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("changed while it was looked at"));
    EXPECT_EQ(slurp(target("f")), "somebody's work");
}

TEST_F(Hostile, ALinkPutInThePlaceOfWhatIsToBePutBackIsNotWrittenThroughAndTheRunSaysSo) {
    folder.write("f", "before");
    folder.write("shadow", "kept");
    check_results = {CheckResult::drift};
    meddling.at_the_roll_back = [&] { swap_for_a_link("f", "shadow"); };
    const auto draft = apply_meddled(runbook("repairs: motd\nsteps:\n" + install("f", "after")));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_EQ(draft.severity, Severity::critical);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("step 1 (file.install) could not be undone, look at it"));
    EXPECT_EQ(slurp(target("shadow")), "kept");
}

TEST_F(Hostile, NoValueLeadsOutOfTheFolderThatTheRunbookNames) {
    const auto& one = runbook("params: {name: {type: string}}\nsteps:\n  - {action: file.install, path: \"" +
                              target("in") + "/{{ params.name }}\", mode: \"0644\", content: x}\n");
    std::filesystem::create_directories(target("in/deep"));
    for (const std::string name : {"..", "../out", "deep/../../out", "/../out", "./../out", "deep/..", ".", ""}) {
        const auto draft = apply(one, Value::object({{"name", name}}));
        EXPECT_EQ(draft.outcome, Outcome::failed) << name;
        EXPECT_TRUE(journal.words.empty()) << name;
        EXPECT_FALSE(std::filesystem::exists(target("out"))) << name;
    }
    EXPECT_EQ(apply(one, Value::object({{"name", "/etc/passwd"}})).outcome, Outcome::failed);  // below "in"
    EXPECT_FALSE(std::filesystem::exists(target("in/etc")));
}

TEST_F(Hostile, NoValueBecomesAnOptionOrASecondArgument) {
    const auto& one = runbook(
        "params: {word: {type: string}}\nsteps:\n"
        "  - {action: command.run, changes: false, argv: [/usr/bin/printf, \"<%s>\", \"{{ params.word }}\"]}\n");
    for (const std::string word : {"-v", "--help", "-", "--"}) {
        const auto draft = apply(one, Value::object({{"word", word}}));
        EXPECT_EQ(draft.outcome, Outcome::failed) << word;
        EXPECT_TRUE(draft.action_taken.empty()) << word;
    }
    for (const std::string word : {"a b", "a' 'b", "$(id)", "`id`", "a;id", "a|id", "*", "~", "$HOME", "a\\tb"})
        EXPECT_EQ(apply(one, Value::object({{"word", word}})).action_taken.at(0).output_head, '<' + word + '>');
}

TEST_F(Hostile, TheAgentsOwnEnvironmentReachesNoProgram) {
    folder.write("bin/id", "#!/bin/sh\necho fooled\n");
    std::filesystem::permissions(target("bin/id"), std::filesystem::perms{0755});
    const std::string path_before = std::getenv("PATH");
    ASSERT_EQ(setenv("PATH", target("bin").c_str(), 1), 0);
    ASSERT_EQ(setenv("BASH_ENV", target("bin/id").c_str(), 1), 0);
    const auto draft =
        apply(runbook("steps:\n  - {action: command.run, changes: false, argv: [/usr/bin/env]}\n"
                      "  - {action: command.run, changes: false, argv: [/usr/bin/env, id, -u]}\n"));
    ASSERT_EQ(unsetenv("BASH_ENV"), 0);
    ASSERT_EQ(setenv("PATH", path_before.c_str(), 1), 0);
    ASSERT_EQ(draft.action_taken.size(), 2U);
    EXPECT_EQ(draft.action_taken[0].output_head, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C.UTF-8\n");
    EXPECT_EQ(draft.action_taken[1].output_head, std::to_string(geteuid()) + '\n');
}

TEST_F(Hostile, OutputWithoutEndNeitherFillsTheEvidenceNorOutlastsItsTime) {
    const auto draft =
        apply(runbook("steps:\n  - {action: command.run, changes: false, argv: [/usr/bin/yes], timeout: 1s}\n"));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    const auto& taken = draft.action_taken.at(0);
    EXPECT_LE(taken.output_head.size() + taken.output_tail.size(), 2 * 4096U);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("no answer within 1 s"));
}

}  // namespace
}  // namespace agent::testing
