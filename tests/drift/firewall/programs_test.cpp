#include "drift/firewall/firewall_ground.hpp"

namespace agent {
namespace {

using ::testing::AllOf;
using testing::FirewallCheckOnPrograms;
using ::testing::HasSubstr;

TEST_F(FirewallCheckOnPrograms, NamesBothProgramsWhereNeitherIsThere) {
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_EQ(report.severity, Severity::critical);
    EXPECT_THAT(report.reason, AllOf(HasSubstr("neither nft nor iptables-save"), HasSubstr("install nftables")));
    EXPECT_THAT(learn().value().unknown.at(0), HasSubstr("install nftables"));
}

TEST_F(FirewallCheckOnPrograms, NamesTheProgramThatHangsAndLeavesNothingBehind) {
    baseline.common.timeout = ground.short_limit;
    ground.hanging_program("nft");
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::timeout);
    EXPECT_THAT(report.reason, HasSubstr("/nft"));
    EXPECT_TRUE(ground.all_gone());
}

TEST_F(FirewallCheckOnPrograms, DropsWhatAProgramPrintsWithoutEnd) {
    ground.flooding_program("nft");
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("printed more than 8388608 bytes"));
}

TEST_F(FirewallCheckOnPrograms, TakesNoGarbageForARuleset) {
    for (const std::string output : {"", "{}", "[[[[", R"({"nftables":[{"metainfo":{}},{"table":{"family":"inet"}}]})",
                                     R"({"nftables":[{"table":{"family":"inet","name":"f"}})"}) {
        ground.folder.write("output", output);
        ground.program("nft", "cat " + (ground.folder.path() / "output").native());
        const auto report = look();
        EXPECT_EQ(report.result, CheckResult::error) << output;
        EXPECT_THAT(report.reason, HasSubstr("what nft printed")) << output;
    }
    ground.program("nft", "kill -SEGV $$");
    EXPECT_THAT(look().reason, HasSubstr("ended with status 139"));
    ground.program("nft", "echo 'Protocol not supported' >&2; exit 1");
    EXPECT_THAT(look().reason, HasSubstr("Protocol not supported"));
}

std::string faults_of(const testing::TemporaryDirectory& folder, const std::string& section) {
    const auto loaded =
        load_baseline(folder.write("baseline.yaml", "version: 1\nchecks:\n  firewall_baseline:\n" + section));
    std::string all;
    for (const auto& fault : loaded.faults)
        all += std::to_string(fault.line) + ' ' + fault.key + ": " + fault.text + '\n';
    return all;
}

TEST_F(FirewallCheckOnPrograms, NamesEveryFaultOfTheBaselineByItsLine) {
    const auto faults = faults_of(
        ground.folder,
        "    ruleset:\n"
        "      - {\"table\": {\"family\": \"inet\", \"name\": \"filter\"}}\n"
        "      - {\"cahin\": {\"family\": \"inet\", \"table\": \"filter\", \"name\": \"input\"}}\n"
        "      - {\"rule\": {\"family\": \"inet\", \"table\": \"filter\", \"chain\": \"input\", \"expr\": []}}\n"
        "      - text\n"
        "    iptables: [\"*filter\", \"hello\", {}]\n"
        "    ip6tables: yes\n"
        "    dynamic_sets: [banned]\n");
    EXPECT_THAT(faults, HasSubstr("6 checks.firewall_baseline.ruleset[1]: \"cahin\" is none of table, chain"));
    EXPECT_THAT(faults, HasSubstr("did you mean \"chain\"?"));
    EXPECT_THAT(faults, HasSubstr("7 checks.firewall_baseline.ruleset[2]: rule: the chain \"inet filter input\""));
    EXPECT_THAT(faults, HasSubstr("8 checks.firewall_baseline.ruleset[3]: must be an object"));
    EXPECT_THAT(faults, HasSubstr("9 checks.firewall_baseline.iptables[1]: \"hello\" is no line of iptables-save"));
    EXPECT_THAT(faults, HasSubstr("9 checks.firewall_baseline.iptables[2]: must be a line of text"));
    EXPECT_THAT(faults, HasSubstr("10 checks.firewall_baseline.ip6tables: must be a list"));
    EXPECT_THAT(faults, HasSubstr("11 checks.firewall_baseline.dynamic_sets: \"banned\": family, table and name"));
    EXPECT_EQ(faults_of(ground.folder, "    ruleset: []\n    iptables: []\n"), "");
}

TEST_F(FirewallCheckOnPrograms, SaysWhatItLooksAtAndWhy) {
    EXPECT_THAT(check()->explain(),
                AllOf(HasSubstr("nft -j list ruleset"), HasSubstr("164.312(e)(1)"), HasSubstr("SC-7")));
}

}  // namespace
}  // namespace agent
