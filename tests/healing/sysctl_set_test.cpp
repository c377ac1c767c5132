// sysctl.set on real settings: those of a network namespace of the test's own.
#include <gmock/gmock.h>

#include "network_namespace.hpp"

namespace agent::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SysctlSet : public HealingInANamespace {
protected:
    static constexpr auto forwarding = "/proc/sys/net/ipv4/ip_forward";

    static std::string setting(const std::string& key, const std::string& value) {
        return "  - {action: sysctl.set, key: " + key + ", value: \"" + value + "\"}\n";
    }
    // What `config check` says of a runbook with this step.
    std::string faults_of(const std::string& step) {
        folder.write("faulty/one.yaml", "id: RB-ONE\nname: one\ndescription: one\ndisruptive: false\nsteps:\n" + step);
        std::string words;
        for (const auto& fault : RunbookCatalogue::load(folder.path() / "faulty").faults)
            words += fault.to_string() + '\n';
        return words;
    }
};

TEST_F(SysctlSet, SetsTheRunningKernel) {
    ASSERT_EQ(slurp(forwarding), "0\n");
    const auto& one = runbook("steps:\n" + setting("net.ipv4.ip_forward", "1"));
    const auto draft = apply(one);
    EXPECT_EQ(draft.outcome, Outcome::success) << draft.error.value_or("");
    EXPECT_EQ(slurp(forwarding), "1\n");
    EXPECT_THAT(words_of(apply(one)), ElementsAre("1 unchanged"));
}

TEST_F(SysctlSet, IsSetBackWhereALaterStepFails) {
    const auto ports = slurp("/proc/sys/net/ipv4/ip_local_port_range");
    const auto draft = apply(runbook("steps:\n" + setting("net/ipv4/ip_local_port_range", "40000  50000") +
                                     setting("net.ipv4.ip_forward", "1") +
                                     "  - {action: command.run, changes: false, argv: [/bin/false]}\n"));
    EXPECT_EQ(draft.outcome, Outcome::reverted) << draft.error.value_or("");
    EXPECT_THAT(words_of(draft), ElementsAre("1 done", "2 done", "3 failed", "2 undone", "1 undone"));
    EXPECT_EQ(slurp("/proc/sys/net/ipv4/ip_local_port_range"), ports);
    EXPECT_EQ(slurp(forwarding), "0\n");
}

TEST_F(SysctlSet, IsSetBackAfterACrashAndAsOftenAsThatIsCutShort) {
    const auto& one = runbook("steps:\n" + setting("net.ipv4.ip_forward", "1"));
    const auto cut = cut_short(one, RunState::stepping);
    ASSERT_EQ(slurp(forwarding), "1\n");
    EXPECT_EQ(finish(cut, &one).outcome, Outcome::reverted);
    EXPECT_EQ(slurp(forwarding), "0\n");
    EXPECT_EQ(finish(cut, &one).outcome, Outcome::reverted);
    EXPECT_EQ(slurp(forwarding), "0\n");
}

TEST_F(SysctlSet, SaysWhatTheKernelDoesNotTake) {
    const auto draft = apply(runbook("steps:\n" + setting("net.ipv4.ip_forward", "yes")));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""),
                AllOf(HasSubstr("writing \"yes\" into"), HasSubstr("nothing had been changed")));
}

TEST_F(SysctlSet, IsNotDoneWhereTheKernelMakesSomethingElseOfIt) {
    const auto draft = apply(runbook("steps:\n" + setting("net.ipv4.ip_forward", "0x1")));
    EXPECT_EQ(draft.outcome, Outcome::reverted);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("was set to \"0x1\", but the kernel made \"1\" of it"));
    EXPECT_EQ(slurp(forwarding), "0\n");
}

TEST_F(SysctlSet, SaysThatThisKernelHasNoSuchSetting) {
    const auto draft = apply(runbook("steps:\n" + setting("net.ipv4.no_such", "1")));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("this kernel has no setting net.ipv4.no_such"));
}

TEST_F(SysctlSet, RefusesNamesThatLeadElsewhere) {
    for (const std::string key : {"net/../../../etc/motd", "/etc/motd", "net..ipv4", "../x", "net ipv4", "net/./ipv4"})
        EXPECT_THAT(faults_of(setting("\"" + key + "\"", "1")), HasSubstr("not the name of a kernel setting")) << key;
    EXPECT_THAT(faults_of("  - {action: sysctl.set, key: a.b}\n"), HasSubstr("it is what the setting is to be"));
    EXPECT_THAT(faults_of(setting("a.b", " ")), HasSubstr("1 to 4096 characters"));
}

}  // namespace
}  // namespace agent::testing
