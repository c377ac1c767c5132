// Runs that were cut short, brought to their end: one rule for each state.
#include <gmock/gmock.h>

#include "healing_fixture.hpp"

namespace agent::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Recovery : public HealingTest {
protected:
    // What the journal holds of a run that installed f and g, and of the last one perhaps did not.
    OpenRun cut_short(const Runbook& runbook, RunState state) {
        apply(runbook);
        auto cut = std::exchange(journal.run, {});
        cut.header.runbook = runbook.id;
        cut.header.runbook_sha256 = runbook.sha256;
        cut.state = state;
        return cut;
    }
    const Runbook& installing() {
        return runbook("repairs: motd\nsteps:\n" + install("f", "after") + install("g", "after"));
    }
};

TEST_F(Recovery, PutsBackWhatWasUnderWay) {
    for (const auto state : {RunState::stepping, RunState::rolling_back, RunState::confirming, RunState::unconfirmed}) {
        folder.write("f", "before");
        std::filesystem::remove(target("g"));
        const auto& one = installing();
        const auto cut = cut_short(one, state);
        ASSERT_EQ(slurp(target("f")), "after");
        const auto draft = finish(cut, &one);
        EXPECT_EQ(draft.outcome, Outcome::reverted);
        EXPECT_EQ(slurp(target("f")), "before");
        EXPECT_FALSE(std::filesystem::exists(target("g")));
        EXPECT_EQ(draft.pre_state, draft.post_state.find("steps") == nullptr
                                       ? Value{}
                                       : Value::object({{"steps", *draft.post_state.find("steps")}}));
        EXPECT_THAT(draft.error.value_or(""), AllOf(HasSubstr("interrupted"), HasSubstr("has been put back")));
    }
}

TEST_F(Recovery, LeavesAConfirmedChange) {
    folder.write("f", "before");
    const auto& one = installing();
    const auto draft = finish(cut_short(one, RunState::confirmed), nullptr);
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_EQ(slurp(target("f")), "after");
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("after the change was confirmed"));
}

TEST_F(Recovery, DoesNotTakeAVerifiedChangeForAConfirmedOne) {
    folder.write("f", "before");
    const auto& one = runbook("repairs: motd\nconfirm: {within: 5m}\nsteps:\n" + install("f", "after"));
    const auto draft = finish(cut_short(one, RunState::verifying), &one);
    EXPECT_EQ(draft.outcome, Outcome::reverted);
    EXPECT_EQ(slurp(target("f")), "before");
}

TEST_F(Recovery, OfAStepThatNeverHappenedLeavesTheHostAsItIs) {
    folder.write("f", "before");
    const auto& one = installing();
    auto cut = cut_short(one, RunState::stepping);
    cut.steps.back().ended.reset();  // killed before the second step did anything
    std::filesystem::remove(target("g"));
    const auto draft = finish(cut, &one);
    EXPECT_EQ(draft.outcome, Outcome::reverted);
    EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 interrupted", "2 undone", "1 undone"));
    EXPECT_EQ(slurp(target("f")), "before");
    EXPECT_FALSE(std::filesystem::exists(target("g")));
}

TEST_F(Recovery, TellsWhatTheStepsGaveThatHadEnded) {
    const auto& one = runbook("steps:\n  - {action: command.run, argv: [/bin/echo, said]}\n" + install("f", "after") +
                              install("g", "after"));
    auto cut = cut_short(one, RunState::stepping);
    for (const bool amid_the_last : {false, true}) {
        if (amid_the_last) cut.steps.back().ended.reset();
        const auto draft = finish(cut, &one);
        EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 done", amid_the_last ? "3 interrupted" : "3 done",
                                                 "3 undone", "2 undone"));
        EXPECT_THAT(draft.error.value_or(""), HasSubstr(amid_the_last ? "stopped during step 3 (file.install)"
                                                                      : "stopped after step 3 (file.install)"));
        const auto& said = draft.action_taken.at(0);
        EXPECT_EQ(said.command, (std::vector<std::string>{"/bin/echo", "said"}));
        EXPECT_EQ(said.exit_code, 0);
        EXPECT_EQ(said.output_head, "said\n");
        EXPECT_EQ(*draft.post_state.find("steps")->array()->at(0).find("state"), Value::object({{"exit_status", 0}}));
    }
}

TEST_F(Recovery, TellsTheStepsOfARunThatStands) {
    folder.write("f", "before");
    const auto& one = installing();
    const auto draft = finish(cut_short(one, RunState::verifying), &one);
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 done"));
    const auto* steps = draft.post_state.find("steps");
    ASSERT_NE(steps, nullptr);
    EXPECT_NE(*steps, *draft.pre_state.find("steps"));
    EXPECT_FALSE(steps->array()->at(1).find("state")->is_null());
}

TEST_F(Recovery, TakesTheLastStepForInterruptedAlsoWhileItIsPutBack) {
    folder.write("f", "before");
    const auto& one = installing();
    auto cut = cut_short(one, RunState::rolling_back);  // by a recovery that was cut short itself
    cut.steps.back().ended.reset();
    EXPECT_THAT(words_of(finish(cut, &one)), ElementsAre("1 done", "2 interrupted", "2 undone", "1 undone"));
    cut.state = RunState::confirmed;
    EXPECT_THAT(words_of(finish(cut, &one)), ElementsAre("1 done", "2 done"));
}

TEST_F(Recovery, LeavesAloneWhatEndedWithoutTouchingAnything) {
    folder.write("f", "before");
    const auto& one = installing();
    auto cut = cut_short(one, RunState::stepping);
    cut.steps.back().ended->touched = false;
    folder.write("g", "of somebody else");
    const auto draft = finish(cut, &one);
    EXPECT_EQ(draft.outcome, Outcome::reverted);
    EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 done", "1 undone"));
    EXPECT_EQ(slurp(target("f")), "before");
    EXPECT_EQ(slurp(target("g")), "of somebody else");

    cut.steps.erase(cut.steps.begin());
    const auto nothing = finish(cut, &one);
    EXPECT_EQ(nothing.outcome, Outcome::failed);
    EXPECT_THAT(nothing.error.value_or(""), HasSubstr("nothing had been changed"));
    EXPECT_THAT(words_of(nothing), ElementsAre("2 done"));
}

TEST_F(Recovery, CanBeCutShortItself) {
    folder.write("f", "before");
    const auto& one = installing();
    const auto cut = cut_short(one, RunState::stepping);
    EXPECT_EQ(finish(cut, &one).outcome, Outcome::reverted);
    EXPECT_EQ(finish(cut, &one).outcome, Outcome::reverted);
    EXPECT_EQ(slurp(target("f")), "before");
}

TEST_F(Recovery, VerifiesWhatOnlyLackedThat) {
    folder.write("f", "before");
    const auto& one = installing();
    const auto cut = cut_short(one, RunState::verifying);
    const auto draft = finish(cut, &one);
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_EQ(draft.result, CheckResult::pass);
    EXPECT_EQ(slurp(target("f")), "after");
    check_results = {CheckResult::drift};
    const auto undone = finish(cut, &one);
    EXPECT_EQ(undone.outcome, Outcome::reverted);
    EXPECT_EQ(undone.result, CheckResult::drift);
    EXPECT_EQ(slurp(target("f")), "before");
}

TEST_F(Recovery, PutsBackWhatCannotBeVerifiedSinceTheRunbookIsAnother) {
    folder.write("f", "before");
    const auto cut = cut_short(installing(), RunState::verifying);
    EXPECT_EQ(finish(cut, nullptr).outcome, Outcome::reverted);
    EXPECT_EQ(slurp(target("f")), "before");
}

TEST_F(Recovery, SaysWhatCannotBePutBack) {
    const auto& one = runbook("steps:\n" + install("f", "after") + "  - {action: command.run, argv: [/bin/true]}\n");
    const auto draft = finish(cut_short(one, RunState::stepping), &one);
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_EQ(draft.severity, Severity::critical);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("step 2 (command.run) cannot be undone"));
    EXPECT_FALSE(std::filesystem::exists(target("f")));
}

TEST_F(Recovery, TouchesNothingWhereNoStepWasBegun) {
    folder.write("f", "before");
    OpenRun cut;
    cut.header.runbook = RunbookId{"RB-ONE"};
    const auto draft = finish(cut, nullptr);
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("before anything was changed"));
    EXPECT_EQ(draft.runbook_id, RunbookId{"RB-ONE"});
}

TEST_F(Recovery, DoesNotPutBackOverWhatItCannotRead) {
    folder.write("f", "before");
    const auto& one = installing();
    auto cut = cut_short(one, RunState::stepping);
    cut.steps.resize(1);
    cut.steps[0].saved->set("content", "bm90IGl0");
    const auto draft = finish(cut, &one);
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("cannot be read"));
    EXPECT_EQ(slurp(target("f")), "after");
}

}  // namespace
}  // namespace agent::testing
