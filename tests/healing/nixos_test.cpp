// nixos.test and nixos.switch on links as NixOS makes them. switch-to-configuration and nix-env are stand-ins, the only
// ones of this project: they move the links as the real ones do, and note that they were called.
#include <gmock/gmock.h>

#include "drift/patching/patching_check.hpp"
#include "drift/round_facts.hpp"
#include "healing_fixture.hpp"

namespace agent::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Nixos : public HealingTest {
protected:
    PatchingHost host;
    std::optional<std::int64_t> declared_generation;

    // Generations 40 to 42; 41 runs and is what the next boot takes.
    void SetUp() override {
        host.system_id = "nixos";
        host.nixos.current = folder.path() / "current-system";
        host.nixos.booted = folder.path() / "booted-system";
        host.nixos.profiles = folder.path() / "profiles";
        host.nixos.nix_env = program("nix-env", "ln -sfn \"system-$4-link\" \"$2\"");
        host.proc = folder.path() / "proc";
        std::filesystem::create_directories(host.nixos.profiles);
        for (int number = 40; number <= 42; ++number) build_generation(number);
        std::filesystem::create_symlink("system-41-link", host.nixos.profiles / "system");
        std::filesystem::create_symlink(store_path(41), host.nixos.current);
        std::filesystem::create_symlink(store_path(41), host.nixos.booted);
        folder.write("boot-loader", store_path(41).string() + "\n");
    }
    [[nodiscard]] std::filesystem::path store_path(int number) const {
        return folder.path() / "store" /
               ("0a1b2c3d4f5g6h7i8j9k0l1m2n3p4q" + std::to_string(number) + "-nixos-system-clinic-25.11");
    }
    // `fails`: the exit status of its activation, which moves the link and leaves units down.
    void build_generation(int number, int fails = 0) const {
        const auto own = store_path(number).string();
        const auto here = folder.path().string();
        program("store/" + store_path(number).filename().string() + "/bin/switch-to-configuration",
                "if [ \"$1\" != test ]; then echo " + own + " >" + here + "/boot-loader; fi\n" +
                    "if [ \"$1\" != boot ]; then ln -sfn " + own + ' ' + here + "/current-system; exit " +
                    std::to_string(fails) + "; fi");
        const auto link = host.nixos.profiles / ("system-" + std::to_string(number) + "-link");
        if (!std::filesystem::is_symlink(link)) std::filesystem::create_symlink(store_path(number), link);
    }
    std::filesystem::path program(const std::string& name, const std::string& script) const {
        auto file = folder.write(
            name, "#!/bin/sh\necho \"$(basename \"$0\") $*\" >>" + folder.path().string() + "/calls\n" + script + "\n");
        std::filesystem::permissions(file, std::filesystem::perms{0755});
        return file;
    }
    // "runs 41, profile 41, boots 41"
    [[nodiscard]] std::string links() const {
        const auto number = [](const std::string& path) { return path.substr(path.find("-nixos") - 2, 2); };
        return "runs " + number(std::filesystem::read_symlink(host.nixos.current)) + ", profile " +
               std::filesystem::read_symlink(host.nixos.profiles / "system").string().substr(7, 2) + ", boots " +
               number(slurp(folder.path() / "boot-loader"));
    }
    [[nodiscard]] HealingEngine engine() {
        return HealingEngine{ActionTools{processes, units, time, [this](std::vector<CheckName>) { return look(); },
                                         [this] { return declared(); }}};
    }
    EvidenceDraft apply(const Runbook& runbook, Value params = Value::Object{}) {
        auto healing = engine();
        const LocalMandate mandate{Trigger::manual, std::move(params)};
        return run(io, healing.apply(runbook, &mandate, journal, confirmation));
    }
    EvidenceDraft finish(const OpenRun& cut, const Runbook* runbook) {
        auto healing = engine();
        KeptJournal next;
        return run(io, healing.finish(cut, runbook, next));
    }
    [[nodiscard]] static std::string step(const std::string& action, const std::string& generation) {
        return "  - {action: nixos." + action + ", generation: " + generation + "}\n";
    }
    const Runbook& shipped() {
        auto loaded = RunbookCatalogue::load(std::filesystem::path{TEST_SOURCE_DIR} / "runbooks");
        catalogue = std::move(loaded.catalogue);
        return *catalogue.find(RunbookId{"RB-PATCH-002"});
    }

private:
    [[nodiscard]] std::shared_ptr<const Baseline> declared() const {
        PatchingBaseline patching;
        patching.common.name = CheckName{"patching"};
        patching.generation = declared_generation;
        auto declared = std::make_shared<Baseline>();
        declared->checks.push_back(std::make_shared<PatchingCheck>(std::move(patching), host));
        return declared;
    }
    Task<std::vector<CheckReport>> look() {
        const auto baseline_now = declared();
        RoundFacts facts;
        CheckTools tools{processes, units, time, facts, std::nullopt};
        std::string notes;
        auto looked = co_await baseline_now->checks.at(0)->look(tools, notes);
        AGENT_CO_TRY(auto report, std::move(looked));
        std::vector<CheckReport> reports;
        reports.push_back(std::move(report));
        co_return reports;
    }
};

TEST_F(Nixos, IsSwitchedByTheShippedRunbookToTheNewestGenerationInTwoPhases) {
    const auto draft = apply(shipped());
    EXPECT_EQ(draft.outcome, Outcome::success) << draft.error.value_or("");
    EXPECT_EQ(*draft.pre_state.find("check")->find("result"), Value{"drift"});
    EXPECT_EQ(draft.result, CheckResult::pass);
    EXPECT_EQ(draft.rollback_generation, 41);
    EXPECT_EQ(links(), "runs 42, profile 42, boots 42");
    EXPECT_EQ(slurp(folder.path() / "calls"),
              "switch-to-configuration test\n"
              "nix-env -p " +
                  (host.nixos.profiles / "system").string() +
                  " --switch-generation 42\n"
                  "switch-to-configuration switch\n");
}

TEST_F(Nixos, ThatIsTestedBootsWhatItBootedBefore) {
    const auto draft = apply(runbook("steps:\n" + step("test", "latest")));
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_EQ(links(), "runs 42, profile 41, boots 41");
    EXPECT_EQ(apply(runbook("steps:\n" + step("test", "42"))).action_taken.at(0).result, "unchanged");
}

TEST_F(Nixos, GoesBackWhereTheNewGenerationDoesNotComeUp) {
    build_generation(42, 4);
    const auto draft = apply(shipped());
    EXPECT_EQ(draft.outcome, Outcome::reverted) << draft.error.value_or("");
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("switch-to-configuration ended with status 4"));
    EXPECT_EQ(draft.action_taken.back().output_head, "activate generation 41 again");
    EXPECT_EQ(draft.rollback_generation, 41);
    EXPECT_EQ(links(), "runs 41, profile 41, boots 41");
}

TEST_F(Nixos, GoesBackWhereTheCheckIsNotContent) {
    declared_generation = 41;
    std::filesystem::remove(host.nixos.current);
    std::filesystem::create_symlink(store_path(40), host.nixos.current);
    const auto draft = apply(runbook("repairs: patching\nsteps:\n" + step("test", "42") + step("switch", "42")));
    EXPECT_EQ(draft.outcome, Outcome::reverted) << draft.error.value_or("");
    EXPECT_EQ(links(), "runs 40, profile 41, boots 41");
    const auto first = [](const Value& state) { return state.find("steps")->array()->at(0); };
    EXPECT_EQ(first(draft.post_state), first(draft.pre_state));
}

TEST_F(Nixos, GoesToTheGenerationThatTheBaselineDeclaresAndToTheOneBefore) {
    declared_generation = 40;
    EXPECT_EQ(apply(shipped()).outcome, Outcome::success);
    EXPECT_EQ(links(), "runs 40, profile 40, boots 40");
    EXPECT_EQ(apply(runbook("steps:\n" + step("switch", "42"))).outcome, Outcome::success);
    EXPECT_EQ(apply(runbook("steps:\n" + step("test", "previous") + step("switch", "previous"))).outcome,
              Outcome::success);
    EXPECT_EQ(links(), "runs 41, profile 41, boots 41");
}

TEST_F(Nixos, ThatWasCutShortGoesBackFromAnyPoint) {
    const auto& one = runbook("repairs: patching\nsteps:\n" + step("test", "42") + step("switch", "42"));
    apply(one);
    auto cut = std::exchange(journal.run, {});
    cut.state = RunState::stepping;
    const auto draft = finish(cut, &one);
    EXPECT_EQ(draft.outcome, Outcome::reverted) << draft.error.value_or("");
    EXPECT_EQ(draft.rollback_generation, 41);
    EXPECT_EQ(links(), "runs 41, profile 41, boots 41");
    // Killed between the profile and the activation.
    std::filesystem::remove(host.nixos.profiles / "system");
    std::filesystem::create_symlink("system-42-link", host.nixos.profiles / "system");
    EXPECT_EQ(finish(cut, &one).outcome, Outcome::reverted);
    EXPECT_EQ(links(), "runs 41, profile 41, boots 41");
}

TEST_F(Nixos, IsNotTouchedWhereItCouldNotGoBack) {
    std::filesystem::remove(host.nixos.profiles / "system-41-link");
    const auto draft = apply(runbook("steps:\n" + step("test", "42")));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), AllOf(HasSubstr("the running system is of no generation"),
                                                HasSubstr("--set " + store_path(41).string())));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "calls"));
}

TEST_F(Nixos, IsNotSwitchedToWhatIsNotBuiltOrNoGeneration) {
    const auto& one = runbook("params: {to: {type: string}}\nsteps:\n" + step("switch", "\"{{ params.to }}\""));
    for (const std::string word : {"43", "0", "-1", "../system-42-link", "42;reboot", "42 ", "newest", ""}) {
        const auto draft = apply(one, Value::object({{"to", word}}));
        EXPECT_EQ(draft.outcome, Outcome::failed) << word;
        EXPECT_THAT(draft.error.value_or(""), ::testing::AnyOf(HasSubstr("not a generation"), HasSubstr("is not built"),
                                                               HasSubstr("would pass for an option")));
    }
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "calls"));
    EXPECT_THAT(apply(one, Value::object({{"to", "43"}})).error.value_or(""), HasSubstr("generation 43 is not built"));
}

TEST_F(Nixos, StepsWithAnImpossibleGenerationAreAFaultOfTheirFile) {
    folder.write("bad/one.yaml",
                 "id: RB-A\nname: a\ndescription: a\ndisruptive: true\nsteps:\n" + step("test", "newest"));
    const auto loaded = RunbookCatalogue::load(folder.path() / "bad");
    ASSERT_EQ(loaded.faults.size(), 1U);
    EXPECT_THAT(loaded.faults.front().to_string(), HasSubstr("a number, declared, latest or previous"));
}

}  // namespace
}  // namespace agent::testing
