// What a step takes from the baseline and from what an earlier step printed, over real files and programs.
#include <gmock/gmock.h>

#include "crypto/digest.hpp"
#include "healing_fixture.hpp"

namespace agent::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class Interpolation : public HealingTest {
protected:
    void declare(const std::string& text) {
        auto outcome = read_baseline(parse_yaml("version: 1\n" + text, "baseline.yaml").value());
        for (const auto& fault : outcome.faults) ADD_FAILURE() << fault.to_string();
        baseline = std::make_shared<Baseline>(*std::move(outcome.baseline));
    }
    void declare_banner(const std::string& path) {
        declare("custom: [{name: banner, kind: file, path: " + path + ", present: true}]\n");
    }
    // A step that prints `output`, whatever is in it.
    std::string prints(const std::string& output) {
        folder.write("output", output);
        return "steps:\n  - {action: command.run, changes: false, argv: [/bin/cat, " + target("output") + "]}\n";
    }
    static std::string takes(const std::string& argument) {
        return "  - {action: command.run, changes: false, argv: [/usr/bin/printf, \"<%s>\", \"" + argument + "\"]}\n";
    }
    std::string places(const std::string& path) {
        return "  - {action: file.install, path: \"" + path + "\", mode: \"0640\", content: after}\n";
    }
    std::string why_no_plan(const std::string& steps) {
        const auto planned = plan(runbook("steps:\n" + steps));
        return planned.has_error() ? planned.error().message() : "";
    }
    static Value state_of(const Value& states, std::size_t step) {
        return *states.find("steps")->array()->at(step - 1).find("state");
    }
};

TEST_F(Interpolation, PutsAValueOfTheBaselineIntoPlanAndStep) {
    declare_banner(target("banner"));
    const auto& one =
        runbook("steps:\n" + places("{{ baseline.custom.banner.path }}") + takes("{{ baseline.custom.banner.path }}"));
    const auto planned = plan(one);
    ASSERT_TRUE(planned.has_value()) << planned.error().message();
    EXPECT_EQ(*planned.value().steps[0].desired.find("path"), Value{target("banner")});
    EXPECT_EQ(planned.value().steps[1].desired.find("command")->array()->back(), Value{target("banner")});
    const auto draft = apply(one);
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_EQ(slurp(target("banner")), "after");
    EXPECT_EQ(draft.action_taken[1].output_head, '<' + target("banner") + '>');
}

TEST_F(Interpolation, GivesAnotherPlanWhereTheBaselineSaysSomethingElseAndOnlyThen) {
    const auto& one = runbook("steps:\n  - {action: command.run, changes: false, argv: [/bin/true]}\n" +
                              takes("{{ steps.1.output }}{{ baseline.custom.banner.path }}"));
    declare_banner("/etc/one");
    const auto first = plan(one).value().sha256;
    declare(
        "checks: {patching: {lists_max_age: 9d}}\ncustom: [{name: banner, kind: file, path: /etc/one, present: "
        "true}]\n");
    EXPECT_EQ(plan(one).value().sha256, first);
    declare_banner("/etc/two");
    EXPECT_NE(plan(one).value().sha256, first);
}

TEST_F(Interpolation, ChangesNothingWhereTheBaselineHasNoSuchValue) {
    declare_banner("/etc/banner");
    const auto& one = runbook("steps:\n" + places(target("f")) + takes("{{ baseline.custom.baner.path }}"));
    const std::string why = "steps[2].argv: the baseline has no custom.baner.path; did you mean \"banner\"?";
    EXPECT_EQ(plan(one).has_error() ? plan(one).error().message() : "", why);
    const auto draft = apply(one);
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_EQ(draft.error, "nothing was changed: " + why);
    EXPECT_THAT(journal.words, IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(target("f")));
}

TEST_F(Interpolation, TakesNothingOfTheBaselineThatAParameterCouldNotBe) {
    declare(
        "custom:\n  - {name: evil, kind: command, argv: [/bin/true], output: \"a\\nb\", contains: \"-v\"}\n"
        "  - {name: climbs, kind: file, path: /etc/../x, present: true}\n");
    for (const auto& [key, why] : std::vector<std::pair<std::string, std::string>>{
             {"custom.evil.output", "control character"},
             {"custom.evil.contains", "would pass for an option"},
             {"custom.evil.argv", "is no single string"},
             {"custom.evil", "is no single string"},
         })
        EXPECT_THAT(why_no_plan(takes("{{ baseline." + key + " }}")), HasSubstr(why)) << key;
    EXPECT_THAT(why_no_plan(places("{{ baseline.custom.climbs.path }}")),
                HasSubstr("a path with \".\" or \"..\" in it"));
    EXPECT_THAT(why_no_plan("  - {action: unit.restart, unit: \"{{ baseline.custom.climbs.path }}\"}\n"),
                HasSubstr("unit"));
}

TEST_F(Interpolation, ShowsTheMarkerInThePlanAndPutsInTheOutputWhenItIsThere) {
    declare_banner("/etc/banner");
    const auto& one =
        runbook(prints(target("made") + '\n') + takes("{{steps.1.output}},{{ baseline.custom.banner.path }}") +
                places("{{ steps.1.output }}"));
    const auto planned = plan(one).value();
    EXPECT_EQ(planned.steps[1].current, Value{});
    EXPECT_EQ(planned.steps[1].desired,
              Value::object({{"argv", Value::array({"/usr/bin/printf", "<%s>", "{{steps.1.output}},/etc/banner"})}}));
    EXPECT_EQ(planned.steps[2].current, Value{});
    EXPECT_EQ(planned.steps[2].desired, Value::object({{"path", "{{ steps.1.output }}"}}));

    const auto draft = apply(one);
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 done", "3 done"));
    EXPECT_EQ(draft.action_taken[1].output_head, '<' + target("made") + ",/etc/banner>");
    EXPECT_EQ(slurp(target("made")), "after");
    EXPECT_EQ(state_of(draft.pre_state, 3), Value::object({{"path", target("made")}, {"exists", false}}));
    EXPECT_EQ(*state_of(draft.post_state, 3).find("sha256"), Value{sha256_hex("after")});
}

TEST_F(Interpolation, IsTheSameForTheUndoWhichNeedsNoValueAgain) {
    folder.write("made", "before");
    const auto& one = runbook(prints(target("made")) + places("{{ steps.1.output }}") +
                              "  - {action: command.run, changes: false, argv: [/bin/false]}\n");
    const auto draft = apply(one);
    EXPECT_EQ(draft.outcome, Outcome::reverted);
    EXPECT_EQ(slurp(target("made")), "before");
    EXPECT_EQ(draft.pre_state, draft.post_state);

    folder.write("made", "after");  // as if it had been killed behind the step
    auto cut = journal.run;
    cut.state = RunState::stepping;
    EXPECT_EQ(finish(cut, nullptr).outcome, Outcome::reverted);
    EXPECT_EQ(slurp(target("made")), "before");
}

TEST_F(Interpolation, DoesNothingWhereThatIsSoAlready) {
    folder.write("made", "after");
    std::filesystem::permissions(target("made"), std::filesystem::perms{0640});
    const auto draft = apply(runbook(prints(target("made")) + places("{{ steps.1.output }}")));
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 unchanged"));
    EXPECT_EQ(draft.pre_state, draft.post_state);
    EXPECT_THAT(journal.words, IsEmpty());
}

TEST_F(Interpolation, FailsBeforeTheStepDoesAnythingWhereTheOutputIsNotOneShortLine) {
    const std::vector<std::pair<std::string, std::string>> table{
        {"", "nothing was printed"},
        {"\n", "nothing was printed"},
        {"a\nb\n", "more than one line"},
        {"a\n\n", "more than one line"},
        {"\na", "more than one line"},
        {std::string(257, 'x') + '\n', "more than 256 bytes"},
        {std::string(100'000, 'x'), "more than 256 bytes"},
        {"a\tb", "control character"},
        {"a\r\n", "control character"},
        {std::string{"a\0b", 3}, "control character"},
        {"a\x1b[2J", "control character"},
        {"a\xe2\x80\xae", "control character"},
        {"a\xff", "is not UTF-8"},
        {"-v", "would pass for an option"},
        {"--force\n", "would pass for an option"},
    };
    for (const auto& [output, why] : table) {
        const auto draft = apply(runbook(prints(output) + takes("{{ steps.1.output }}")));
        EXPECT_EQ(draft.outcome, Outcome::failed) << why;
        EXPECT_THAT(draft.error.value_or(""), AllOf(StartsWith("step 2 (command.run) failed: "), HasSubstr(why)));
        EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 failed")) << why;
        EXPECT_EQ(draft.action_taken[1].command, std::nullopt) << why;
    }
    for (const std::string& output : {std::string(256, 'x'), std::string(256, 'x') + '\n', std::string{"a b;$(id)"}})
        EXPECT_EQ(apply(runbook(prints(output) + takes("{{ steps.1.output }}"))).outcome, Outcome::success) << output;
}

TEST_F(Interpolation, LetsNoOutputLeadToAnotherFileOrUnit) {
    std::filesystem::create_directories(target("in"));
    for (const std::string output : {"../out", "..", "a/../../out", "./out", ".", "/../out"}) {
        const auto draft = apply(runbook(prints(output) + places(target("in") + "/{{ steps.1.output }}")));
        EXPECT_EQ(draft.outcome, Outcome::failed) << output;
        EXPECT_FALSE(std::filesystem::exists(target("out"))) << output;
    }
    for (const std::string output : {"etc/motd", "motd", "/etc/"})
        EXPECT_EQ(apply(runbook(prints(output) + places("{{ steps.1.output }}"))).outcome, Outcome::failed) << output;
    for (const std::string output : {"a b", "ssh", "../x.service", "*.service"}) {
        const auto draft = apply(runbook(prints(output) + "  - {action: unit.stop, unit: \"{{ steps.1.output }}\"}\n"));
        EXPECT_EQ(draft.outcome, Outcome::failed) << output;
        EXPECT_THAT(draft.error.value_or(""), StartsWith("step 2 (unit.stop) failed: ")) << output;
    }
    EXPECT_THAT(units.jobs, IsEmpty());
    EXPECT_THAT(journal.words, IsEmpty());
}

TEST_F(Interpolation, PutsNoSecretIntoAnArgument) {
    folder.write("password", "correct horse\n");
    std::filesystem::permissions(target("password"), std::filesystem::perms{0600});
    declare("checks: {backup_verification: {kind: restic, repository: /srv/backup, password_file: " +
            target("password") + "}}\n");
    for (const std::string output : {"correct horse", "x=correct horse!", "token=abcdefgh", "http://me:secret@host/"}) {
        const auto draft = apply(runbook(prints(output) + takes("{{ steps.1.output }}")));
        EXPECT_EQ(draft.outcome, Outcome::failed) << output;
        EXPECT_THAT(draft.error.value_or(""), AllOf(HasSubstr("a secret seems to be in it"), Not(HasSubstr(output))));
        for (const auto& taken : draft.action_taken) EXPECT_THAT(taken.output_head, Not(HasSubstr(output)));
    }
}

TEST_F(Interpolation, KeepsStandardErrorOut) {
    const auto draft =
        apply(runbook("steps:\n  - {action: command.run, changes: false, argv: [/usr/bin/env, python3, -S, -E, -c, "
                      "\"import sys; print('out'); print('err', file=sys.stderr)\"]}\n" +
                      takes("{{ steps.1.output }}")));
    ASSERT_EQ(draft.outcome, Outcome::success) << draft.error.value_or("");
    EXPECT_EQ(draft.action_taken[1].output_head, "<out>");
}

}  // namespace
}  // namespace agent::testing
