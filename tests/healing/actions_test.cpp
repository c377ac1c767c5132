// Each action, through the engine, as a runbook uses it.
#include <gmock/gmock.h>

#include "healing_fixture.hpp"

namespace agent::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Actions = HealingTest;

TEST_F(Actions, InstallsAFileThatWasNotThereWithItsMode) {
    const auto draft = apply(runbook("steps:\n" + install("new", "text")));
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_EQ(slurp(target("new")), "text");
    EXPECT_EQ(std::filesystem::status(target("new")).permissions(), std::filesystem::perms{0640});
}

TEST_F(Actions, RefusesALinkAndAFolderAsTarget) {
    folder.write("real", "kept");
    std::filesystem::create_symlink(target("real"), target("link"));
    std::filesystem::create_directory(target("folder"));
    for (const std::string name : {"link", "folder"}) {
        const auto draft = apply(runbook("steps:\n" + install(name, "text")));
        EXPECT_EQ(draft.outcome, Outcome::failed);
        EXPECT_THAT(draft.error.value_or(""), HasSubstr("not a regular file"));
    }
    EXPECT_EQ(slurp(target("real")), "kept");
}

TEST_F(Actions, RefusesATargetTooLargeToBeKept) {
    folder.write("large", std::string(1024UL * 1024UL + 1, 'x'));
    const auto draft = apply(runbook("steps:\n" + install("large", "text")));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("over 1 MiB"));
    EXPECT_EQ(std::filesystem::file_size(target("large")), 1024UL * 1024UL + 1);
}

TEST_F(Actions, NamesAnOwnerWhoDoesNotExist) {
    const auto draft = apply(runbook("steps:\n  - {action: file.install, path: " + target("f") +
                                     ", mode: \"0644\", content: x, owner: nobody-of-that-name}\n"));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("nobody-of-that-name"));
    EXPECT_FALSE(std::filesystem::exists(target("f")));
}

TEST_F(Actions, RefusesAPathParameterThatClimbsOut) {
    const auto& one = runbook("params: {name: {type: string}}\nsteps:\n  - {action: file.install, path: \"" +
                              target("in") + "/{{ params.name }}\", mode: \"0644\", content: x}\n");
    const auto draft = apply(one, Value::object({{"name", "../out"}}));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("a path with"));
    EXPECT_FALSE(std::filesystem::exists(target("out")));
}

const std::string restart_ssh = "steps:\n  - {action: unit.restart, unit: ssh.service}\n";

TEST_F(Actions, RestartsAUnitAndLooksAgain) {
    units.units["ssh.service"] = FakeUnits::running();
    const auto draft = apply(runbook(restart_ssh));
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_THAT(units.jobs, ElementsAre("restart ssh.service"));
}

TEST_F(Actions, FailsWhereTheJobIsDoneButTheUnitIsDown) {
    units.units["ssh.service"] = FakeUnits::running();
    auto& after = units.after_start["ssh.service"] = FakeUnits::running();
    after.active_state = "failed";
    after.sub_state = "failed";
    after.result = "exit-code";
    const auto draft = apply(runbook(restart_ssh));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""),
                HasSubstr("ssh.service was restarted, but it is failed (failed), result exit-code"));
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("step 1 (unit.restart) cannot be undone"));
}

TEST_F(Actions, FailsWhereAConditionOfTheUnitIsNotMet) {
    units.units["ssh.service"] = FakeUnits::running();
    (units.after_start["ssh.service"] = FakeUnits::running()).condition_result = false;
    EXPECT_EQ(apply(runbook(restart_ssh)).outcome, Outcome::failed);
}

TEST_F(Actions, DoesNotRestartAUnitThatIsNotThere) {
    const auto draft = apply(runbook(restart_ssh));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("it is not-found; nothing had been changed"));
    EXPECT_TRUE(units.jobs.empty());
}

TEST_F(Actions, RunsAProgramWithItsArgumentsAsTheyStand) {
    const auto& one = runbook(
        "params: {word: {type: string}}\nsteps:\n"
        "  - {action: command.run, argv: [/bin/echo, \"a {{ params.word }}\", \"-n\"]}\n");
    const auto draft = apply(one, Value::object({{"word", "$(id); b  c"}}));
    EXPECT_EQ(draft.outcome, Outcome::success);
    const auto& taken = draft.action_taken.at(0);
    EXPECT_EQ(taken.output_head, "a $(id); b  c -n\n");
    EXPECT_EQ(taken.exit_code, 0);
    EXPECT_THAT(taken.command.value(), ElementsAre("/bin/echo", "a $(id); b  c", "-n"));
}

TEST_F(Actions, RefusesAValueThatWouldPassForAnOption) {
    const auto& one = runbook(
        "params: {word: {type: string}}\nsteps:\n"
        "  - {action: command.run, argv: [/bin/echo, \"{{ params.word }}\"]}\n");
    const auto draft = apply(one, Value::object({{"word", "-e"}}));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_TRUE(draft.action_taken.empty());
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("would pass for an option"));
}

TEST_F(Actions, JudgesAProgramByItsExitStatus) {
    EXPECT_EQ(apply(runbook("steps:\n  - {action: command.run, argv: [/bin/false], expect_status: [0, 1]}\n")).outcome,
              Outcome::success);
    const auto draft = apply(runbook("steps:\n  - {action: command.run, argv: [/bin/ls, /nowhere/at/all]}\n"));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_EQ(draft.action_taken.at(0).exit_code, 2);
    EXPECT_THAT(draft.action_taken.at(0).output_head, HasSubstr("[standard error]\n/bin/ls"));
}

TEST_F(Actions, KeepsHeadAndTailOfALongOutput) {
    const auto draft =
        apply(runbook("steps:\n  - {action: command.run, changes: false, argv: [/usr/bin/seq, \"100000\"]}\n"));
    const auto& taken = draft.action_taken.at(0);
    EXPECT_EQ(taken.output_head.size(), 4096U);
    EXPECT_EQ(taken.output_head.substr(0, 6), "1\n2\n3\n");
    EXPECT_EQ(taken.output_tail.size(), 4096U);
    EXPECT_TRUE(taken.output_tail.ends_with("99999\n100000\n"));
    EXPECT_EQ(draft.pre_state, draft.post_state);
}

TEST_F(Actions, SaysThatAProgramIsMissingAndThatNothingWasTouched) {
    const auto draft = apply(runbook("steps:\n  - {action: command.run, argv: [/usr/bin/not-there-at-all]}\n"));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("nothing had been changed"));
}

TEST_F(Actions, WaitsUntilACheckIsFine) {
    check_results = {CheckResult::drift, CheckResult::error, CheckResult::pass};
    const auto draft = apply(runbook("steps:\n  - {action: wait.until, check: motd, timeout: 1m}\n"));
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_EQ(checks_asked.size(), 3U);
    EXPECT_TRUE(journal.words.empty()) << "it changes nothing";
}

TEST_F(Actions, WaitsNoLongerThanItIsToldForACheck) {
    check_results = {CheckResult::drift};
    const auto draft =
        apply(runbook("steps:\n" + install("f", "after") + "  - {action: wait.until, check: motd, timeout: 1s}\n"));
    EXPECT_EQ(draft.outcome, Outcome::reverted);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("motd still says drift after 1 s: not as it should be"));
    EXPECT_FALSE(std::filesystem::exists(target("f")));
}

TEST_F(Actions, RunsChecksAndListsWhateverTheyFound) {
    check_results = {CheckResult::drift};
    const auto draft = apply(runbook("steps:\n  - {action: check.run, checks: all}\n"));
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_EQ(draft.result, std::nullopt);
    EXPECT_EQ(draft.pre_state, draft.post_state);
    EXPECT_EQ(draft.action_taken.at(0).output_head,
              "motd: drift, not as it should be\npatching: drift, not as it should be\n");
}

TEST_F(Actions, RunsOnlyTheChecksThatAreNamed) {
    static_cast<void>(apply(runbook("steps:\n  - {action: check.run, checks: [patching]}\n")));
    EXPECT_THAT(checks_asked, ElementsAre(ElementsAre(CheckName{"patching"})));
}

}  // namespace
}  // namespace agent::testing
