// The engine over real files and programs.
#include <gmock/gmock.h>

#include "async/task_group.hpp"
#include "healing/run.hpp"
#include "healing_fixture.hpp"

namespace agent::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Engine = HealingTest;

TEST_F(Engine, RepairsAndProvesItByTheCheck) {
    folder.write("motd", "wrong");
    check_results = {CheckResult::drift, CheckResult::pass};
    const auto draft = apply(runbook("repairs: motd\nsteps:\n" + install("motd", "right")));
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_EQ(draft.check, "motd");
    EXPECT_EQ(draft.result, CheckResult::pass);
    EXPECT_EQ(draft.error, std::nullopt);
    EXPECT_TRUE(draft.rollback_available);
    EXPECT_EQ(slurp(target("motd")), "right");
    EXPECT_THAT(words_of(draft), ElementsAre("1 done"));
    EXPECT_NE(draft.pre_state, draft.post_state);
    EXPECT_EQ(draft.runbook_id, RunbookId{"RB-ONE"});
}

TEST_F(Engine, UndoesEverythingWhenTheCheckStillComplains) {
    folder.write("motd", "wrong");
    check_results = {CheckResult::drift};
    const auto draft = apply(runbook("repairs: motd\nsteps:\n" + install("motd", "right")));
    EXPECT_EQ(draft.outcome, Outcome::reverted);
    EXPECT_EQ(draft.result, CheckResult::drift);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("the check motd says drift: not as it should be"));
    EXPECT_EQ(slurp(target("motd")), "wrong");
    EXPECT_THAT(words_of(draft), ElementsAre("1 done", "1 undone"));
    EXPECT_EQ(draft.pre_state, draft.post_state);
}

TEST_F(Engine, RollsBackEveryStepBeforeTheOneThatFails) {
    for (int failing = 0; failing < 4; ++failing) {
        SCOPED_TRACE(failing);
        folder.write("f0", "before 0");
        std::filesystem::permissions(target("f0"), std::filesystem::perms{0604});
        folder.write("f2", "before 2");
        std::filesystem::remove(target("f1"));
        std::string steps;
        for (int i = 0; i < failing; ++i) steps += install("f" + std::to_string(i), "after");
        steps += "  - {action: command.run, changes: false, argv: [/bin/false]}\n";
        const auto draft = apply(runbook("steps:\n" + steps));
        EXPECT_EQ(draft.outcome, failing == 0 ? Outcome::failed : Outcome::reverted);
        EXPECT_EQ(draft.action_taken.size(), static_cast<std::size_t>(2 * failing + 1));
        EXPECT_THAT(draft.error.value_or(""),
                    StartsWith("step " + std::to_string(failing + 1) + " (command.run) failed"));
        EXPECT_EQ(slurp(target("f0")), "before 0");
        EXPECT_EQ(std::filesystem::status(target("f0")).permissions(), std::filesystem::perms{0604});
        EXPECT_EQ(slurp(target("f2")), "before 2");
        EXPECT_FALSE(std::filesystem::exists(target("f1")));
        EXPECT_EQ(draft.check, "general");
        EXPECT_EQ(draft.result, std::nullopt);
    }
}

TEST_F(Engine, FailsWhereAStepBeforeCannotBeUndone) {
    const auto draft = apply(runbook("steps:\n" + install("f", "after") +
                                     "  - {action: command.run, argv: [/bin/true]}\n"
                                     "  - {action: command.run, argv: [/bin/false]}\n"));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 done", "3 failed", "1 undone"));
    EXPECT_FALSE(std::filesystem::exists(target("f")));
    EXPECT_FALSE(draft.rollback_available);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("step 2 (command.run) cannot be undone"));
}

TEST_F(Engine, TouchesNothingWhereAStepCannotEvenLook) {
    units.refuses = Error{Errc::unreachable, "no service manager runs here"};
    const auto draft =
        apply(runbook("steps:\n" + install("f", "after") + "  - {action: unit.restart, unit: ssh.service}\n"));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), StartsWith("nothing was changed: step 2 (unit.restart)"));
    EXPECT_FALSE(std::filesystem::exists(target("f")));
    EXPECT_TRUE(draft.action_taken.empty());
}

TEST_F(Engine, RefusesParametersThatTheRunbookDoesNotAllow) {
    const auto draft = apply(runbook("steps:\n" + install("f", "after")), Value::object({{"x", 1}}));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), StartsWith("nothing was changed: unknown parameter \"x\""));
    EXPECT_FALSE(std::filesystem::exists(target("f")));
}

TEST_F(Engine, ChangesNothingTheSecondTime) {
    const auto& one = runbook("steps:\n" + install("f", "after"));
    EXPECT_EQ(apply(one).outcome, Outcome::success);
    const auto again = apply(one);
    EXPECT_EQ(again.outcome, Outcome::success);
    EXPECT_THAT(words_of(again), ElementsAre("1 unchanged"));
    EXPECT_EQ(again.pre_state, again.post_state);
}

TEST_F(Engine, PlansTheSameWhileTheHostStaysAndAnotherWhenItMoves) {
    folder.write("f", "before");
    const auto& one = runbook("steps:\n" + install("f", "after"));
    const auto first = plan(one).value();
    EXPECT_EQ(plan(one).value().sha256, first.sha256);
    EXPECT_EQ(*first.steps.at(0).current.find("mode"), Value{"0644"});
    EXPECT_EQ(*first.steps.at(0).desired.find("mode"), Value{"0640"});
    EXPECT_EQ(slurp(target("f")), "before");
    folder.write("f", "moved");
    EXPECT_NE(plan(one).value().sha256, first.sha256);
}

TEST_F(Engine, PlansAnotherWhenParametersOrRunbookDiffer) {
    const std::string lines =
        "params: {n: {type: integer, default: 1}}\nsteps:\n  - {action: command.run, argv: [/bin/echo]}\n";
    const auto first = plan(runbook(lines)).value().sha256;
    EXPECT_EQ(plan(runbook(lines), Value::object({{"n", 1}})).value().sha256, first);
    EXPECT_NE(plan(runbook(lines), Value::object({{"n", 2}})).value().sha256, first);
    EXPECT_NE(plan(runbook(lines + "# a remark\n")).value().sha256, first);
}

TEST_F(Engine, DescribesWithoutChanging) {
    auto healing = engine();
    const auto draft = run(io, healing.describe(runbook("steps:\n" + install("f", "after")), Value::Object{}));
    EXPECT_EQ(draft.outcome, Outcome::success);
    ASSERT_TRUE(draft.plan);
    EXPECT_EQ(draft.plan->steps.size(), 1U);
    EXPECT_EQ(draft.pre_state, draft.post_state);
    EXPECT_FALSE(std::filesystem::exists(target("f")));
}

TEST_F(Engine, SaysWhatItIsDoingAsItDoesIt) {
    check_results = {CheckResult::drift, CheckResult::drift, CheckResult::pass};
    const auto& one = runbook("repairs: motd\nverify: [patching]\nconfirm: {within: 5m}\nsteps:\n" +
                              install("f", "after") + install("f", "after"));
    const std::vector<std::string> begun{"looking at what is there and at the check motd", "1/2 file.install ...",
                                         "1/2 file.install: done, 0.000 s", "2/2 file.install ...",
                                         "2/2 file.install: unchanged, 0.000 s"};
    auto reverted = begun;
    for (const auto* line :
         {"verifying by the checks motd, patching", "putting everything back", "1/2 file.install: undone, 0.000 s"})
        reverted.emplace_back(line);
    EXPECT_EQ(apply(one).outcome, Outcome::reverted);
    EXPECT_EQ(progress.lines(), reverted);
    EXPECT_GT(progress.events[2].seconds, 0.0);

    progress.events.clear();
    check_results = {CheckResult::pass};
    auto confirmed = begun;
    for (const auto* line : {"verifying by the checks motd, patching",
                             "waiting at most 0 s for the order server to be reached, else everything is put back",
                             "confirmed: the order server was reached"})
        confirmed.emplace_back(line);
    EXPECT_EQ(apply(one).outcome, Outcome::success);
    EXPECT_EQ(progress.lines(), confirmed);
}

TEST_F(Engine, SaysWhichStepFailed) {
    apply(runbook("steps:\n  - {action: command.run, changes: false, argv: [/bin/false]}\n"));
    EXPECT_THAT(progress.lines(),
                ElementsAre("looking at what is there", "1/1 command.run ...", "1/1 command.run: failed, 0.000 s"));
}

TEST_F(Engine, WritesDownEveryStepBeforeItTouchesTheHost) {
    folder.write("f", "before");
    check_results = {CheckResult::drift};
    apply(runbook("repairs: motd\nsteps:\n" + install("f", "after") + install("g", "after")));
    EXPECT_THAT(journal.words, ElementsAre("begins 1", "ends 1", "begins 2", "ends 2", "verifying", "rolling back"));
    journal.words.clear();
    check_results = {CheckResult::pass};
    folder.write("f", "before");
    apply(runbook("repairs: motd\nsteps:\n" + install("f", "after") + "  - {action: check.run, checks: all}\n"));
    EXPECT_THAT(journal.words, ElementsAre("begins 1", "ends 1", "verifying"));
    journal.words.clear();
    apply(runbook("repairs: motd\nsteps:\n" + install("f", "after")));
    EXPECT_THAT(journal.words, IsEmpty()) << "nothing is written where there is nothing to do";
}

TEST_F(Engine, WritesDownWhatAStepGaveBeforeAnythingElse) {
    const auto& one = runbook(
        "steps:\n  - {action: command.run, argv: [/bin/echo, \"said: token=abcdef\"]}\n"
        "  - {action: command.run, argv: [/bin/no-such-program]}\n");
    const auto draft = apply(one);
    ASSERT_EQ(journal.run.steps.size(), 2U);
    ASSERT_TRUE(journal.run.steps[0].ended);
    const auto& [done, touched, after] = *journal.run.steps[0].ended;
    EXPECT_EQ(done.result, "done");
    EXPECT_EQ(done.command, (std::vector<std::string>{"/bin/echo", "said: token=abcdef"}));
    EXPECT_EQ(done.exit_code, 0);
    EXPECT_EQ(done.output_head, "said: token=***\n") << "as evidence has it";
    EXPECT_TRUE(touched);
    EXPECT_EQ(after, Value::object({{"exit_status", 0}}));
    const auto& failed = journal.run.steps[1];
    ASSERT_TRUE(failed.ended);
    EXPECT_EQ(failed.ended->taken.result, "failed");
    EXPECT_FALSE(failed.may_have_touched()) << "it could not be started";
    EXPECT_EQ(draft.action_taken.at(0).output_head, done.output_head);
}

TEST_F(Engine, GoesOnWhereTheEndOfAStepCannotBeWritten) {
    journal.refuses_ends = Error{Errc::disk_full, "the disk is full"};
    const auto draft = apply(runbook("steps:\n" + install("f", "after") + install("g", "after")));
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_EQ(slurp(target("g")), "after");
}

TEST_F(Engine, DoesNotTouchWhatItCannotWriteDown) {
    folder.write("f", "before");
    journal.refuses = Error{Errc::disk_full, "the disk is full"};
    const auto draft = apply(runbook("steps:\n" + install("f", "after")));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("could not be written down: the disk is full"));
    EXPECT_EQ(slurp(target("f")), "before");
}

TEST_F(Engine, PutsBackAFileThatTwoStepsChanged) {
    folder.write("f", "before");
    check_results = {CheckResult::drift};
    const auto draft = apply(runbook("repairs: motd\nsteps:\n" + install("f", "one") + install("f", "two")));
    EXPECT_EQ(draft.outcome, Outcome::reverted);
    EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 done", "2 undone", "1 undone"));
    EXPECT_EQ(slurp(target("f")), "before");
}

TEST_F(Engine, BringsARunToItsEndThoughItsCallerIsStopped) {
    const auto& one =
        runbook("steps:\n  - {action: command.run, argv: [/bin/sleep, \"0.2\"]}\n" + install("f", "after"));
    auto healing = engine();
    const LocalMandate mandate;
    std::optional<Outcome> outcome;
    TaskGroup tasks{io.get_executor(), [](const std::string&, const Error&) {}};
    tasks.start("run", [&]() -> Task<> {
        auto draft = co_await healing.apply(one, &mandate, journal, confirmation);
        outcome = draft.outcome;
        co_return ok();
    });
    io.poll();
    tasks.request_stop();
    io.restart();
    io.run();
    EXPECT_EQ(outcome, Outcome::success);
    EXPECT_EQ(slurp(target("f")), "after");
}

class Confirming : public HealingTest {
protected:
    const Runbook& installing() {
        folder.write("f", "before");
        return runbook("repairs: motd\nconfirm: {within: 5m}\nsteps:\n" + install("f", "after"));
    }
};

TEST_F(Confirming, KeepsAChangeAfterWhichTheServerIsReached) {
    const auto draft = apply(installing());
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_EQ(slurp(target("f")), "after");
    EXPECT_THAT(confirmation.words, ElementsAre("armed for 5 m", "asked", "disarmed"));
    EXPECT_THAT(journal.words, ElementsAre("begins 1", "ends 1", "verifying", "confirming", "confirmed"));
    EXPECT_EQ(*draft.post_state.find("confirmation")->find("confirmed"), Value{true});
}

TEST_F(Confirming, PutsBackAChangeAfterWhichTheServerIsNotReached) {
    confirmation.unreached = Error{Errc::timed_out, "the order server was not reached in time: no route"};
    const auto draft = apply(installing());
    EXPECT_EQ(draft.outcome, Outcome::reverted);
    EXPECT_EQ(slurp(target("f")), "before");
    EXPECT_THAT(draft.error.value_or(""), AllOf(HasSubstr("not confirmed"), HasSubstr("no route")));
    EXPECT_THAT(confirmation.words, ElementsAre("armed for 5 m", "asked", "disarmed"));
    EXPECT_EQ(*draft.post_state.find("confirmation")->find("confirmed"), Value{false});
}

TEST_F(Confirming, PutsBackWhatItsTimerWasFirstToTake) {
    journal.timer_was_first = true;
    const auto draft = apply(installing());
    EXPECT_EQ(draft.outcome, Outcome::reverted);
    EXPECT_EQ(slurp(target("f")), "before");
}

TEST_F(Confirming, ChangesNothingWithoutATimer) {
    confirmation.no_timer = Error{Errc::system, "no more processes"};
    const auto draft = apply(installing());
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_EQ(slurp(target("f")), "before");
    EXPECT_THAT(draft.error.value_or(""), AllOf(HasSubstr("no more processes"), HasSubstr("nothing had been changed")));
    EXPECT_THAT(journal.words, IsEmpty());
}

TEST_F(Confirming, AsksNobodyWhereNothingChanges) {
    const auto& one = installing();
    folder.write("f", "after");
    std::filesystem::permissions(target("f"), std::filesystem::perms{0640});
    EXPECT_EQ(apply(one).outcome, Outcome::success);
    EXPECT_THAT(confirmation.words, IsEmpty());
}

TEST_F(Confirming, ComesOnlyAfterTheCheckIsFine) {
    check_results = {CheckResult::drift};
    EXPECT_EQ(apply(installing()).outcome, Outcome::reverted);
    EXPECT_THAT(confirmation.words, ElementsAre("armed for 5 m", "disarmed"));
}

TEST_F(Engine, ChangesNothingWhereAPreconditionIsNotMet) {
    folder.write("f", "before");
    check_results = {CheckResult::error};
    const auto draft = apply(runbook("preconditions: [backup_verification]\nsteps:\n" + install("f", "after")));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_EQ(slurp(target("f")), "before");
    EXPECT_THAT(draft.error.value_or(""),
                AllOf(HasSubstr("precondition"), HasSubstr("backup_verification says error")));
}

TEST_F(Engine, ProvesByFurtherChecks) {
    folder.write("f", "before");
    check_results = {CheckResult::drift, CheckResult::pass, CheckResult::drift};
    const auto draft = apply(runbook("repairs: motd\nverify: [patching]\nsteps:\n" + install("f", "after")));
    EXPECT_EQ(draft.outcome, Outcome::reverted);
    EXPECT_EQ(slurp(target("f")), "before");
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("the check patching says drift"));
}

TEST(RunEnd, DecidesTheOutcome) {
    EXPECT_EQ(outcome_of({true, true, false, false}), Outcome::success);
    EXPECT_EQ(outcome_of({true, false, true, false}), Outcome::reverted);
    EXPECT_EQ(outcome_of({false, false, true, false}), Outcome::reverted);
    EXPECT_EQ(outcome_of({false, false, true, true}), Outcome::failed);
    EXPECT_EQ(outcome_of({false, false, false, true}), Outcome::failed);
    EXPECT_EQ(outcome_of({true, false, false, false}), Outcome::failed);
}

}  // namespace
}  // namespace agent::testing
