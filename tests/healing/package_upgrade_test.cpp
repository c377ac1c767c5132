// package.upgrade with the real apt and dpkg on a root of the test's own.
#include <gmock/gmock.h>

#include "apt_ground.hpp"

namespace agent::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using PackageUpgrade = AptGround;

const std::string all_former{"lib 2.0 installed,other 3 installed,tool 1:1.0-1 installed"};
const std::string upgraded{"lib 2.1 installed,newdep 5 installed,other 3 installed,tool 1:1.0-2 installed"};
const std::vector<DebianPackage> fixes{
    {"tool", "1:1.0-2", "Depends: newdep\n", ""}, {"lib", "2.1", "", ""}, {"newdep", "5", "", ""}};
const std::string security{"steps:\n  - {action: package.upgrade}\n"};
const std::string proved{"repairs: patching\n" + security};

std::string named(const std::string& packages) {
    return "steps:\n  - {action: package.upgrade, packages: [" + packages + "]}\n";
}

TEST_F(PackageUpgrade, OfTheShippedRunbookHealsPendingSecurityUpgradesAndNothingElse) {
    publish("main", {{"tool", "1:1.0-1", "", ""}, {"lib", "2.0", "", ""}, {"other", "4", "", ""}});
    publish("security", fixes);
    auto shipped = RunbookCatalogue::load(std::filesystem::path{TEST_SOURCE_DIR} / "runbooks");
    const auto* patch = shipped.catalogue.find(RunbookId{"RB-PATCH-001"});
    ASSERT_NE(patch, nullptr);
    const auto draft = apply(*patch);
    EXPECT_EQ(draft.outcome, Outcome::success) << draft.error.value_or("");
    EXPECT_EQ(draft.result, CheckResult::pass);
    EXPECT_EQ(*draft.pre_state.find("check")->find("result"), Value{"drift"});
    EXPECT_EQ(packages(), upgraded);
    EXPECT_THAT(draft.action_taken.at(0).command.value(),
                AllOf(Contains("--no-remove"), Contains("lib=2.1"), Contains("tool=1:1.0-2")));
    EXPECT_EQ(automatic(), "lib\nnewdep\n") << "what came for another's sake still may go with it";
    EXPECT_EQ(apply(*patch).action_taken.at(0).result, "unchanged");
}

TEST_F(PackageUpgrade, IsPlannedWithEveryVersionAndChangesNothing) {
    publish("security", fixes);
    const auto planned = plan(runbook(proved)).value();
    const auto& step = planned.steps.at(0);
    EXPECT_EQ(step.current,
              Value::object({{"packages", Value::object({{"lib", "2.0"}, {"newdep", {}}, {"tool", "1:1.0-1"}})}}));
    EXPECT_EQ(step.desired,
              Value::object({{"packages", Value::object({{"lib", "2.1"}, {"newdep", "5"}, {"tool", "1:1.0-2"}})}}));
    EXPECT_EQ(packages(), all_former);
    EXPECT_TRUE(std::filesystem::is_empty(host.apt.archives / "partial"));
}

TEST_F(PackageUpgrade, OfNamedPackagesLeavesTheOthers) {
    publish("security", fixes);
    const auto& one = runbook("params: {package: {type: string}}\n" + named("\"{{ params.package }}\""));
    EXPECT_EQ(apply(one, Value::object({{"package", "lib"}})).outcome, Outcome::success);
    EXPECT_EQ(packages(), "lib 2.1 installed,other 3 installed,tool 1:1.0-1 installed");
    EXPECT_EQ(apply(one, Value::object({{"package", "other"}})).action_taken.at(0).result, "unchanged");
}

TEST_F(PackageUpgrade, ThatCannotBeSetUpIsPutBackEvenWithoutItsArchives) {
    auto broken = fixes;
    broken[0].postinst = "rm -rf " + folder.path().string() + "/main " + folder.path().string() + "/security; exit 1";
    publish("security", broken);
    const auto draft = apply(runbook(proved));
    EXPECT_EQ(draft.outcome, Outcome::reverted) << draft.error.value_or("");
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("step 1 (package.upgrade) failed"));
    EXPECT_THAT(draft.action_taken.at(0).output_head, HasSubstr("Setting up tool (1:1.0-2)"));
    EXPECT_THAT(draft.action_taken.at(1).output_head,
                HasSubstr("put back lib 2.0, newdep (was not installed), tool 1:1.0-1"));
    EXPECT_EQ(packages(), all_former);
    EXPECT_EQ(slurp(root() / "usr/share/tool/version"), "1:1.0-1");
    EXPECT_EQ(automatic(), "lib\n");
    EXPECT_EQ(*draft.pre_state.find("steps"), *draft.post_state.find("steps"));
}

TEST_F(PackageUpgrade, ThatDoesNotHealIsPutBack) {
    publish("security", fixes);
    really_looks = false;
    check_results = {CheckResult::drift};
    EXPECT_EQ(apply(runbook(proved)).outcome, Outcome::reverted);
    EXPECT_EQ(packages(), all_former);
}

TEST_F(PackageUpgrade, DoesNotInstallAVersionThatMovedAfterItWasApproved) {
    publish("security", {{"lib", "2.1", "", ""}});
    journal.at_a_step = [this] { publish("security", {{"lib", "2.2", "", ""}}); };
    const auto draft = apply(runbook(security));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""),
                AllOf(HasSubstr("changed while they were looked at"), HasSubstr("nothing had been changed")));
    EXPECT_EQ(packages(), all_former);
}

TEST_F(PackageUpgrade, InstallsNothingWhereItsFilesCannotBeFetched) {
    publish("security", fixes);
    std::filesystem::remove(folder.path() / "security/lib_2.1_all.deb");
    const auto draft = apply(runbook(security));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), AllOf(HasSubstr("fetching packages"), HasSubstr("nothing had been changed")));
    EXPECT_EQ(packages(), all_former);
}

TEST_F(PackageUpgrade, WithoutAWayBackIsRefusedUnlessTheRunbookGivesItUp) {
    publish("main", {});
    publish("security", fixes);
    const auto draft = apply(runbook(security));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), AllOf(HasSubstr("is to be had no more"), HasSubstr("lib_2.0_all.deb there"),
                                                HasSubstr("without_undo: true")));
    EXPECT_EQ(packages(), all_former);

    const auto& daring = runbook("repairs: patching\nsteps:\n  - {action: package.upgrade, without_undo: true}\n");
    EXPECT_FALSE(daring.can_roll_back());
    EXPECT_EQ(apply(daring).outcome, Outcome::success);
    EXPECT_EQ(packages(), upgraded);
}

TEST_F(PackageUpgrade, MakesFormerFilesAnewThatNoArchiveHasAnyMore) {
    have_repack();
    publish("main", {{"tool", "1:1.0-1", "", ""}});
    auto broken = fixes;
    broken[0].postinst = "exit 1";
    publish("security", broken);
    const auto draft = apply(runbook(proved));
    EXPECT_EQ(draft.outcome, Outcome::reverted) << draft.error.value_or("");
    EXPECT_EQ(packages(), all_former);
    EXPECT_EQ(slurp(root() / "usr/share/lib/version"), "2.0");
    EXPECT_EQ(automatic(), "lib\n");
    std::vector<std::string> kept;
    for (const auto& file : std::filesystem::directory_iterator{host.apt.archives})
        kept.push_back(file.path().filename());
    EXPECT_THAT(kept, IsSupersetOf({"lib_2.0_all.deb", "tool_1%3a1.0-1_all.deb"}));
    EXPECT_THAT(kept, Each(Not(HasSubstr("repack")))) << "nothing of the work is left";
}

TEST_F(PackageUpgrade, IsNotBegunWhereAFormerFileCannotBeMadeAnew) {
    have_repack("echo 'no room' >&2; exit 2");
    publish("main", {});
    publish("security", fixes);
    const auto draft = apply(runbook(security));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), AllOf(HasSubstr("making lib_2.0_all.deb anew"), HasSubstr("no room"),
                                                HasSubstr("nothing had been changed")));
    EXPECT_EQ(packages(), all_former);
}

TEST_F(PackageUpgrade, WhoseUndoWasGivenUpIsLeftAndSaysHowToGoBack) {
    publish("security", fixes);
    really_looks = false;
    check_results = {CheckResult::drift};
    const auto draft = apply(runbook("repairs: patching\nsteps:\n  - {action: package.upgrade, without_undo: true}\n"));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("apt-get install --allow-downgrades lib=2.0 newdep- tool=1:1.0-1"));
    EXPECT_EQ(packages(), upgraded);
}

TEST_F(PackageUpgrade, NeverRemovesAPackage) {
    publish("security", {{"tool", "1:1.0-2", "Conflicts: other\n", ""}});
    const auto draft = apply(runbook(security));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("remove"));
    EXPECT_EQ(packages(), all_former);
}

TEST_F(PackageUpgrade, LeavesPackagesOnHold) {
    publish("security", fixes);
    ask("apt-mark", "hold lib");
    const auto draft = apply(runbook(security));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("lib is on hold; to release it: apt-mark unhold lib"));
    EXPECT_EQ(packages(), all_former);
}

TEST_F(PackageUpgrade, BeginsNothingOnTopOfAnInterruptedDpkg) {
    publish("security", fixes);
    ask("dpkg", "--unpack " + (folder.path() / "security/lib_2.1_all.deb").string());
    const auto draft = apply(runbook(security));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""),
                AllOf(HasSubstr("lib:all is unpacked"), HasSubstr("run: dpkg --configure --pending")));
}

TEST_F(PackageUpgrade, ThatWasCutShortHalfWayIsPutBack) {
    publish("security", fixes);
    const auto& one = runbook(proved);
    apply(one);
    auto cut = std::exchange(journal.run, {});
    cut.state = RunState::stepping;
    EXPECT_EQ(finish(cut, &one).outcome, Outcome::reverted);
    EXPECT_EQ(packages(), all_former);

    ask("dpkg", "--unpack " + (folder.path() / "security/newdep_5_all.deb").string());
    ask("dpkg", "--unpack " + (folder.path() / "security/tool_1.0-2_all.deb").string());
    const auto draft = finish(cut, &one);
    EXPECT_EQ(draft.outcome, Outcome::reverted) << draft.error.value_or("");
    EXPECT_EQ(packages(), all_former);
    EXPECT_EQ(finish(cut, &one).outcome, Outcome::reverted) << "a second time";
    EXPECT_EQ(packages(), all_former);
}

TEST_F(PackageUpgrade, SaysHowToGoBackWhereAFormerFileIsGone) {
    publish("security", fixes);
    const auto& one = runbook(security);
    apply(one);
    auto cut = std::exchange(journal.run, {});
    std::filesystem::remove(host.apt.archives / "lib_2.0_all.deb");
    const auto draft = finish(cut, &one);
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_EQ(draft.severity, Severity::critical);
    EXPECT_THAT(draft.error.value_or(""), AllOf(HasSubstr("lib_2.0_all.deb is gone"), HasSubstr("lib=2.0")));
    EXPECT_EQ(packages(), upgraded) << "all or nothing";
}

TEST_F(PackageUpgrade, RefusesWhatIsNoNameOfAPackage) {
    publish("security", fixes);
    const auto& one = runbook("params: {package: {type: string}}\n" + named("\"{{ params.package }}\""));
    for (const std::string name : {"-oDPkg::Options::=x", "--allow-unauthenticated", "../x", "/tmp/x.deb", "lib=1.9",
                                   "lib/sid", "lib-", "lib*", "Lib", "l", "^lib", "lib tool", "lib:", "lib:../x"}) {
        const auto draft = apply(one, Value::object({{"package", name}}));
        EXPECT_EQ(draft.outcome, Outcome::failed) << name;
        EXPECT_TRUE(draft.action_taken.empty()) << name;
        EXPECT_THAT(draft.error.value_or(""),
                    ::testing::AnyOf(HasSubstr("not the name of a package"), HasSubstr("would pass for an option")));
    }
    EXPECT_THAT(apply(one, Value::object({{"package", "absent"}})).error.value_or(""),
                HasSubstr("absent is not installed"));
    EXPECT_EQ(packages(), all_former);
}

TEST(PackageUpgradeSteps, HaveTheirFaultsNamed) {
    const TemporaryDirectory folder;
    const auto fault = [&folder](const std::string& keys) {
        folder.write("a.yaml",
                     "id: RB-A\nname: a\ndescription: a\ndisruptive: true\nsteps:\n  - {action: package.upgrade, " +
                         keys + "}\n");
        const auto loaded = RunbookCatalogue::load(folder.path());
        return loaded.faults.empty() ? "none" : loaded.faults.front().to_string();
    };
    EXPECT_THAT(fault("packages: [\"-o\"]"), HasSubstr("not the name of a package"));
    EXPECT_THAT(fault("packages: []"), HasSubstr("is empty"));
    EXPECT_THAT(fault("packages: [a1], security_only: true"), HasSubstr("leave out either"));
    EXPECT_THAT(fault("security_only: false"), HasSubstr("wants \"packages\""));
    EXPECT_THAT(fault("timeout: 5h"), HasSubstr("timeout"));
    EXPECT_EQ(fault("packages: [g++, \"libc6:i386\"], timeout: 4h"), "none");
}

}  // namespace
}  // namespace agent::testing
