// What stands under `rollback` of a runbook.
#include <gmock/gmock.h>

#include "healing/planning.hpp"
#include "healing_fixture.hpp"

namespace agent::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

class Rollback : public HealingTest {
protected:
    Rollback() {
        folder.write("f", "before");
        units.units["web.service"] = FakeUnits::running();
    }
    // A rollback that shows what it found: "witness" is what f was then.
    [[nodiscard]] std::string see() const { return run_step("/bin/cp, " + target("f") + ", " + target("witness")); }
    [[nodiscard]] static std::string run_step(const std::string& argv) {
        return "  - {action: command.run, argv: [" + argv + "]}\n";
    }
    [[nodiscard]] std::string change_and_restart() const { return "steps:\n" + install("f", "after") + restart; }
    const Runbook& helping_nothing(const std::string& rollback) {
        check_results = {CheckResult::drift};
        return runbook("repairs: motd\n" + change_and_restart() + "rollback:\n" + rollback);
    }
    const std::string restart{"  - {action: unit.restart, unit: web.service}\n"};
};

TEST_F(Rollback, PutsAFileBackAndThenRestartsItsService) {
    const auto draft = apply(helping_nothing(see() + restart));
    EXPECT_EQ(draft.outcome, Outcome::reverted) << draft.error.value_or("");
    EXPECT_TRUE(draft.rollback_available);
    EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 done", "1 undone", "3 done", "4 done"));
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("everything that was changed has been put back"));
    EXPECT_EQ(slurp(target("f")), "before");
    EXPECT_EQ(slurp(target("witness")), "before") << "behind the undo";
    EXPECT_THAT(units.jobs, ElementsAre("restart web.service", "restart web.service"));
    const auto& ran = draft.action_taken.at(3);
    EXPECT_EQ(ran.action, "command.run");
    EXPECT_EQ(ran.command, (std::vector<std::string>{"/bin/cp", target("f"), target("witness")}));
    EXPECT_EQ(ran.exit_code, 0);
    EXPECT_THAT(progress.lines(), IsSupersetOf({"2/2 unit.restart ...", "3/4 command.run: done, 0.000 s",
                                                "4/4 unit.restart: done, 0.000 s"}));
}

TEST_F(Rollback, IsNotCarriedOutWhereTheChangeStands) {
    const auto draft = apply(runbook(change_and_restart() + "rollback:\n" + see()));
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 done"));
    EXPECT_FALSE(std::filesystem::exists(target("witness")));
}

TEST_F(Rollback, IsNotCarriedOutWhereNothingWasTouched) {
    const auto draft = apply(runbook("steps:\n" + run_step("/bin/no-such-program") + "rollback:\n" + see()));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(words_of(draft), ElementsAre("1 failed"));
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("nothing had been changed"));
    EXPECT_FALSE(std::filesystem::exists(target("witness")));
}

TEST_F(Rollback, FailsWhereOneOfItsStepsFailsAndStillTriesTheOthers) {
    const auto draft = apply(helping_nothing(run_step("/bin/false") + see()));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_EQ(draft.severity, Severity::critical);
    EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 done", "1 undone", "3 failed", "4 done"));
    EXPECT_THAT(draft.error.value_or(""),
                AllOf(HasSubstr("step 3 (command.run) of the rollback failed, look at it: /bin/false ended with "
                                "status 1"),
                      HasSubstr("step 2 (unit.restart) may not have been taken back"), Not(HasSubstr("step 1"))));
    EXPECT_EQ(draft.action_taken.at(3).exit_code, 1);
    EXPECT_EQ(slurp(target("witness")), "before");
}

TEST_F(Rollback, ComesAlsoAfterAnUndoThatFailed) {
    const auto& one = helping_nothing(restart);
    apply(one);
    auto cut = std::exchange(journal.run, {});
    cut.steps.front().saved->set("content", "bm90IGl0");
    units.jobs.clear();
    const auto draft = finish(cut, &one);
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 done", "1 undo failed", "3 done"));
    EXPECT_THAT(draft.error.value_or(""), Not(HasSubstr("step 2"))) << "that was taken back";
    EXPECT_THAT(units.jobs, ElementsAre("restart web.service"));
}

TEST_F(Rollback, IsKeptAsDataBeforeTheFirstStep) {
    const auto& one =
        runbook("params: {name: {type: string}}\n" + change_and_restart() +
                "rollback:\n"
                "  - {action: command.run, argv: [/bin/echo, \"back to {{ params.name }}\"], timeout: 5s, "
                "expect_status: [0, 3]}\n"
                "  - {action: unit.restart, unit: \"{{ params.name }}.service\"}\n");
    EXPECT_EQ(apply(one, Value::object({{"name", "web"}})).outcome, Outcome::success);
    EXPECT_THAT(journal.words, ElementsAre("keeps the rollback", "begins 1", "ends 1", "begins 2", "ends 2"));
    const std::vector<RollbackStep> kept{
        {3, "command.run",
         Value::object({{"argv", Value::strings({"/bin/echo", "back to web"})},
                        {"timeout_ms", 5'000},
                        {"expect_status", Value::array({0, 3})}})},
        {4, "unit.restart", Value::object({{"unit", "web.service"}, {"timeout_ms", 90'000}})}};
    EXPECT_EQ(journal.run.rollback, kept);
}

TEST_F(Rollback, ChangesNothingWhereItCannotBeKept) {
    journal.refuses = Error{Errc::disk_full, "the disk is full"};
    const auto draft = apply(runbook(change_and_restart() + "rollback:\n" + restart));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("could not be written down: the disk is full"));
    EXPECT_EQ(slurp(target("f")), "before");
    EXPECT_THAT(units.jobs, IsEmpty());
}

TEST_F(Rollback, RefusesAValueThatWouldPassForAnOptionBeforeAnythingIsDone) {
    const auto& one = runbook("params: {name: {type: string}}\n" + change_and_restart() + "rollback:\n" +
                              run_step("/bin/rm, \"{{ params.name }}\""));
    const auto hostile = Value::object({{"name", "-rf"}});
    const auto draft = apply(one, hostile);
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""),
                AllOf(HasSubstr("nothing was changed: step 3 (command.run) of the rollback"), HasSubstr("option")));
    EXPECT_EQ(slurp(target("f")), "before");
    EXPECT_TRUE(plan(one, hostile).has_error());
}

TEST_F(Rollback, IsCoveredByTheDigestOfThePlan) {
    const auto& one = runbook(change_and_restart() + "rollback:\n" + restart);
    const Value none{Value::Object{}};
    const auto planned = plan(one).value();
    EXPECT_EQ(planned.steps.size(), 2U) << "a plan shows what would be done";
    const auto filled = fill_rollback(one, none).value();
    EXPECT_EQ(planned.sha256, plan_digest(one, none, planned.steps, filled));
    EXPECT_NE(planned.sha256, plan_digest(one, none, planned.steps, {}));
}

TEST_F(Rollback, MakesAChangeThatHasNoUndoOneThatCanBeConfirmedOrReverted) {
    confirmation.unreached = Error{Errc::timed_out, "the order server was not reached in time"};
    const auto draft = apply(runbook("confirm: {within: 5m}\n" + change_and_restart() + "rollback:\n" + restart));
    EXPECT_EQ(draft.outcome, Outcome::reverted);
    EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 done", "1 undone", "3 done"));
    EXPECT_THAT(units.jobs, ElementsAre("restart web.service", "restart web.service"));
}

TEST_F(Rollback, NeedsNothingButTheJournalAfterACrash) {
    const auto& one = helping_nothing(see() + restart);
    apply(one);
    auto cut = std::exchange(journal.run, {});
    for (const auto state : {RunState::stepping, RunState::rolling_back, RunState::unconfirmed}) {
        SCOPED_TRACE(static_cast<int>(state));
        cut.state = state;
        cut.steps.back().ended.reset();
        folder.write("f", "after");
        std::filesystem::remove(target("witness"));
        units.jobs.clear();
        const auto draft = finish(cut, nullptr);  // the runbook is another by now
        EXPECT_EQ(draft.outcome, Outcome::reverted) << draft.error.value_or("");
        EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 interrupted", "1 undone", "3 done", "4 done"));
        EXPECT_EQ(slurp(target("witness")), "before");
        EXPECT_THAT(units.jobs, ElementsAre("restart web.service"));
    }
    cut.steps.clear();
    std::filesystem::remove(target("witness"));
    EXPECT_EQ(finish(cut, nullptr).outcome, Outcome::failed) << "no step had begun";
    EXPECT_FALSE(std::filesystem::exists(target("witness")));
}

TEST_F(Rollback, IsToldAsFailedWhereItsDataCannotBeRead) {
    const auto& one = helping_nothing(see() + restart);
    apply(one);
    auto cut = std::exchange(journal.run, {});
    cut.rollback.at(0).data = Value::object({{"argv", 7}});
    cut.rollback.at(1).action = "unit.explode";
    EXPECT_THAT(finish(cut, &one).error.value_or(""),
                AllOf(HasSubstr("step 3 (command.run) of the rollback failed, look at it: what was kept of the step"),
                      HasSubstr("step 4 (unit.explode) of the rollback failed")));
}

TEST_F(Rollback, KeepsSecretsToItself) {
    const auto draft = apply(helping_nothing(run_step("/bin/echo, \"token=abcdef\"")));
    EXPECT_EQ(draft.action_taken.back().output_head, "token=***\n");
}

}  // namespace
}  // namespace agent::testing
