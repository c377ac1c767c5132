// unit.start, unit.stop and unit.enable through the engine, and what their undo leaves. tests/e2e/test_units.py does
// the same under a real systemd.
#include <gmock/gmock.h>

#include "healing_fixture.hpp"

namespace agent::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string start_web = "  - {action: unit.start, unit: web.service}\n";
const std::string stop_web = "  - {action: unit.stop, unit: web.service}\n";
const std::string enable_web = "  - {action: unit.enable, unit: web.service, now: true}\n";
const std::string fail = "  - {action: command.run, changes: false, argv: [/bin/false]}\n";

class UnitActions : public HealingTest {
protected:
    UnitState& web{units.units["web.service"]};
    UnitActions() { be("inactive", "dead"); }
    void be(std::string active_state, std::string sub_state) {
        web = FakeUnits::with_state(std::move(active_state), std::move(sub_state));
        web.unit_file_state = "disabled";
        web.unit_file = folder.write("web.service", "[Install]\nWantedBy=multi-user.target\n").string();
    }
    EvidenceDraft apply_steps(const std::string& steps) { return apply(runbook("steps:\n" + steps)); }
    // What kept the only step from being done; it must have touched nothing.
    std::string refusal(const std::string& step) {
        const auto draft = apply_steps(step);
        EXPECT_EQ(draft.outcome, Outcome::failed);
        EXPECT_THAT(units.jobs, IsEmpty());
        EXPECT_THAT(journal.words, IsEmpty());
        EXPECT_THAT(draft.error.value_or(""), HasSubstr("nothing had been changed"));
        return draft.error.value_or("");
    }
};

TEST_F(UnitActions, StartWhatIsDownAndStopItAgainAfterAFailure) {
    EXPECT_EQ(apply_steps(start_web).outcome, Outcome::success);
    EXPECT_TRUE(web.is_active());
    be("failed", "failed");
    units.jobs.clear();
    const auto draft = apply_steps(start_web + fail);
    EXPECT_EQ(draft.outcome, Outcome::reverted) << draft.error.value_or("");
    EXPECT_THAT(units.jobs, ElementsAre("start web.service", "stop web.service"));
    EXPECT_EQ(draft.action_taken.back().output_head, "stop web.service again");
    EXPECT_EQ(draft.pre_state, draft.post_state);
}

TEST_F(UnitActions, StopWhatIsUpAndStartItAgainAfterAFailure) {
    be("active", "running");
    const auto draft = apply_steps(stop_web + fail);
    EXPECT_EQ(draft.outcome, Outcome::reverted) << draft.error.value_or("");
    EXPECT_THAT(units.jobs, ElementsAre("stop web.service", "start web.service"));
    EXPECT_TRUE(web.is_active());
}

TEST_F(UnitActions, EnableAndStartAndTakeBothBackAfterAFailure) {
    EXPECT_EQ(apply_steps(enable_web).outcome, Outcome::success);
    EXPECT_EQ(web.unit_file_state, "enabled");
    EXPECT_TRUE(web.is_active());
    be("inactive", "dead");
    units.jobs.clear();
    const auto draft = apply_steps(enable_web + fail);
    EXPECT_EQ(draft.outcome, Outcome::reverted) << draft.error.value_or("");
    EXPECT_THAT(units.jobs,
                ElementsAre("enable web.service", "start web.service", "stop web.service", "disable web.service"));
    EXPECT_EQ(draft.action_taken.back().output_head, "stop web.service again, disable web.service again");
}

TEST_F(UnitActions, TakeBackOnlyWhatTheyDid) {
    be("active", "running");
    EXPECT_EQ(apply_steps(enable_web + fail).outcome, Outcome::reverted);
    EXPECT_THAT(units.jobs, ElementsAre("enable web.service", "disable web.service"));
    EXPECT_TRUE(web.is_active());
    be("inactive", "dead");
    web.unit_file_state = "enabled";
    units.jobs.clear();
    EXPECT_EQ(apply_steps(enable_web + fail).outcome, Outcome::reverted);
    EXPECT_THAT(units.jobs, ElementsAre("start web.service", "stop web.service"));
    EXPECT_EQ(web.unit_file_state, "enabled");
}

TEST_F(UnitActions, DoNothingWhereAllIsAsItShouldBe) {
    be("active", "running");
    web.unit_file_state = "enabled";
    const auto draft =
        apply_steps(start_web + enable_web + "  - {action: unit.stop, unit: not-there.service}\n" + fail);
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(words_of(draft), ElementsAre("1 unchanged", "2 unchanged", "3 unchanged", "4 failed"));
    EXPECT_THAT(units.jobs, IsEmpty());
}

TEST_F(UnitActions, EnableWithoutStarting) {
    EXPECT_EQ(apply_steps("  - {action: unit.enable, unit: web.service}\n").outcome, Outcome::success);
    EXPECT_THAT(units.jobs, ElementsAre("enable web.service"));
    EXPECT_FALSE(web.is_active());
}

TEST_F(UnitActions, AreNotBelievedWithoutALook) {
    units.after_start["web.service"] = FakeUnits::with_state("inactive", "dead");
    units.after_start["web.service"].condition_result = false;
    const auto draft = apply_steps(start_web);
    EXPECT_EQ(draft.outcome, Outcome::reverted);
    EXPECT_THAT(draft.error.value_or(""),
                HasSubstr("web.service was started, but it is inactive (dead), a condition of "
                          "the unit is not met; see: systemctl status web.service"));
}

TEST_F(UnitActions, RefuseWhatIsMaskedStaticOrNotThere) {
    web.load_state = "masked";
    web.unit_file_state = "masked";
    EXPECT_THAT(refusal(start_web), HasSubstr("it is masked; if it is to run: systemctl unmask web.service"));
    EXPECT_THAT(refusal(enable_web), HasSubstr("it is masked; if it is to run: systemctl unmask web.service"));
    web.active_state = "active";
    EXPECT_THAT(refusal(stop_web), HasSubstr("once stopped it could not be started again"));
    be("inactive", "dead");
    web.unit_file_state = "static";
    EXPECT_THAT(refusal(enable_web), HasSubstr("has no [Install] section"));
    web.unit_file_state = "linked";
    EXPECT_THAT(refusal(enable_web), HasSubstr("is linked, which no undo could put back"));
    units.units.erase("web.service");
    EXPECT_THAT(refusal(start_web), HasSubstr("it is not-found"));
}

TEST_F(UnitActions, RefuseWhatIsNeitherUpNorDown) {
    be("activating", "auto-restart");
    for (const auto& step : {start_web, stop_web})
        EXPECT_THAT(refusal(step), HasSubstr("activating (auto-restart), neither up nor down"));
}

TEST_F(UnitActions, RefuseWhatWouldTakeAnotherUnitDownAsWell) {
    units.units["rival.service"] = FakeUnits::running();
    web.conflicts = {"shutdown.target", "rival.service"};
    EXPECT_THAT(refusal(start_web), HasSubstr("that stops rival.service as well"));
    EXPECT_THAT(refusal(enable_web), HasSubstr("that stops rival.service as well"));
    be("active", "running");
    web.dependents = {"rival.service"};
    EXPECT_THAT(refusal(stop_web), HasSubstr("that stops rival.service as well"));
    units.units["rival.service"].active_state = "inactive";
    EXPECT_EQ(apply_steps(stop_web).outcome, Outcome::success);
}

TEST_F(UnitActions, RefuseToEnableWhereTheUndoWouldDisableAnotherUnit) {
    folder.write("web.service", "[Install]\nAlso = web.socket other.socket\n");
    for (const std::string other : {"web.socket", "other.socket"}) {
        units.units[other] = FakeUnits::running();
        units.units[other].unit_file_state = "disabled";
    }
    units.units["other.socket"].unit_file_state = "enabled";
    EXPECT_THAT(refusal(enable_web), HasSubstr("Also=other.socket, which is enabled already"));
    units.units["other.socket"].unit_file_state = "disabled";
    EXPECT_EQ(apply_steps(enable_web).outcome, Outcome::success);
}

TEST_F(UnitActions, CutShortArePutBackAsOftenAsNeeded) {
    const auto& one = runbook("steps:\n" + enable_web);
    apply(one);
    auto cut = std::exchange(journal.run, {});
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto draft = finish(cut, &one);
        EXPECT_EQ(draft.outcome, Outcome::reverted) << draft.error.value_or("");
        EXPECT_EQ(web.unit_file_state, "disabled");
        EXPECT_FALSE(web.is_active());
    }
    cut.steps[0].saved->set("unit_file_state", 7);
    EXPECT_THAT(finish(cut, &one).error.value_or(""), HasSubstr("cannot be read"));
}

TEST_F(UnitActions, SayWhatCouldNotBePutBack) {
    be("active", "running");
    units.after_start["web.service"] = FakeUnits::with_state("failed", "failed");
    const auto draft = apply_steps(stop_web + fail);
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_EQ(draft.severity, Severity::critical);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("step 1 (unit.stop) could not be undone, look at it: start "
                                                    "web.service again: web.service was started, but it is failed"));
}

}  // namespace
}  // namespace agent::testing
