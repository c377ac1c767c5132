#include "drift/firewall/firewall_ground.hpp"

#include <unistd.h>

#include "codec/json.hpp"

namespace agent {
namespace {

using ::testing::AllOf;
using testing::FirewallCheckOnPrograms;
using ::testing::HasSubstr;

constexpr auto nft_program = "/usr/sbin/nft";
constexpr auto ip_program = "/usr/sbin/ip";

constexpr auto approved_rules = R"(
table inet filter {
  set blocked {
    type ipv4_addr
    flags interval
    elements = { 10.0.0.0/8, 192.0.2.1-192.0.2.9 }
  }
  set seen {
    type ipv4_addr
    flags dynamic,timeout
    timeout 1h
  }
  map services {
    type inet_service : verdict
    elements = { 22 : accept, 23 : drop }
  }
  chain local {
    meta l4proto udp counter accept
    reject with icmpx type admin-prohibited
  }
  chain input {
    type filter hook input priority 0; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    ip saddr @blocked counter drop
    add @seen { ip saddr }
    tcp dport vmap @services
    iifname "lo" counter jump local
    log prefix "dropped: " limit rate 5/minute
  }
}
table ip nat {
  chain post {
    type nat hook postrouting priority 100;
    oifname "eth0" masquerade
  }
}
)";

bool exists(const char* program) { return ::access(program, X_OK) == 0; }

class FirewallInANamespace : public FirewallCheckOnPrograms {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "a network namespace needs root";
        if (!exists(ip_program) || !exists(nft_program)) GTEST_SKIP() << "needs Debian's iproute2 and nftables";
        name_ = "compliance-test-" + std::to_string(::getpid());
        if (execute(ip_program, {"netns", "add", name_}).status != 0)
            GTEST_SKIP() << "no network namespace can be made here";
        made_ = true;
        inside("nft", nft_program);
    }
    void TearDown() override {
        if (made_) execute(ip_program, {"netns", "delete", name_});
    }
    CommandExit execute(const std::string& program, std::vector<std::string> arguments) {
        Command command;
        command.program = program;
        command.arguments = std::move(arguments);
        command.head_limit = 1024UL * 1024UL;
        return testing::run(ground.io, ground.processes.run(std::move(command))).value();
    }
    // A program of the host that looks into the namespace of the test.
    void inside(const std::string& name, const std::string& program) {
        ground.program(name, std::string{"exec "} + ip_program + " netns exec " + name_ + ' ' + program + " \"$@\"");
    }
    std::string enter(std::vector<std::string> words) {
        words.insert(words.begin(), {"netns", "exec", name_});
        const auto exit = execute(ip_program, std::move(words));
        EXPECT_EQ(exit.status, 0) << exit.standard_error.head;
        return exit.standard_output.head;
    }
    void load(const std::string& rules) {
        enter({nft_program, "-f", ground.folder.write("rules.nft", rules).native()});
    }
    void nft(const std::string& command) { load(command + '\n'); }
    void load_and_approve(const std::string& rules = approved_rules) {
        load(rules);
        approve();
        const auto report = look();
        ASSERT_EQ(report.result, CheckResult::pass) << report.reason;
        before = report;
    }
    // The one sub-condition that is not fine, of the given kind and severity, and what it tells.
    void expect_only(const std::string& condition, Severity severity, const std::string& told) {
        const auto report = look();
        EXPECT_EQ(report.result, CheckResult::drift);
        EXPECT_EQ(report.severity, severity);
        for (const auto& finding : report.findings)
            EXPECT_EQ(finding.result == CheckResult::pass, finding.condition != condition) << finding.reason;
        EXPECT_THAT(testing::finding_of(report, condition).reason, HasSubstr(told));
        EXPECT_NE(report.state, before.state);
    }
    CheckReport before;
    std::string name_;

private:
    bool made_{};
};

TEST_F(FirewallInANamespace, HasNotDriftedAfterAReload) {
    load_and_approve();
    load(std::string{"flush ruleset\n"} + approved_rules);
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::pass) << report.reason;
    EXPECT_EQ(report.state, before.state);
    EXPECT_EQ(report.findings.size(), 4U);
    EXPECT_EQ(*report.facts.find("rules")->integer(), 9);
}

TEST_F(FirewallInANamespace, HasNotDriftedWhereTrafficMovesCountersAndFillsSets) {
    load_and_approve();
    const auto listing = enter({nft_program, "list", "ruleset"});
    enter({ip_program, "link", "set", "lo", "up"});
    enter({"/bin/bash", "-c", "echo x >/dev/udp/127.0.0.1/9"});
    const auto later = enter({nft_program, "list", "ruleset"});
    ASSERT_NE(listing, later);
    ASSERT_THAT(later, HasSubstr("127.0.0.1 expires"));
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::pass) << report.reason;
    EXPECT_EQ(report.state, before.state);
}

TEST_F(FirewallInANamespace, NamesARuleThatAcceptsMore) {
    load_and_approve();
    nft("insert rule inet filter input tcp dport 8080 accept");
    expect_only("added_accept", Severity::high, "added in inet filter input, rule 1: tcp dport 8080 accept");
    const auto report = look();
    EXPECT_THAT(write_json(report.facts), HasSubstr(R"("field":"dport","protocol":"tcp")"));
    EXPECT_EQ(*report.facts.find("differences")->find("added")->integer(), 1);
}

TEST_F(FirewallInANamespace, NamesARuleThatRefusedAndIsGone) {
    load_and_approve();
    std::string rules = approved_rules;
    const std::string line = "    ip saddr @blocked counter drop\n";
    rules.erase(rules.find(line), line.size());
    load("flush ruleset\n" + rules);
    expect_only("removed_drop", Severity::high, "removed in inet filter input, rule 2: ip saddr @blocked counter drop");
}

TEST_F(FirewallInANamespace, NamesAPolicyThatRefusesNoMore) {
    load_and_approve();
    nft("chain inet filter input { policy accept; }");
    expect_only("removed_drop", Severity::high, "changed in chain inet filter input: policy drop → accept");
}

TEST_F(FirewallInANamespace, NamesARuleThatChangedItsPlace) {
    load_and_approve();
    std::string rules = approved_rules;
    const std::string line = "    tcp dport vmap @services\n";
    rules.erase(rules.find(line), line.size());
    rules.insert(rules.find("    ip saddr @blocked"), line);
    load("flush ruleset\n" + rules);
    expect_only("added_accept", Severity::high,
                "moved in inet filter input, rule 2 (approved: rule 4): tcp dport vmap @services");
}

TEST_F(FirewallInANamespace, NamesOtherDifferences) {
    load_and_approve();
    nft("add rule inet filter input udp dport 69 drop");
    expect_only("other_difference", Severity::medium, "added in inet filter input, rule 7: udp dport 69 drop");
}

TEST_F(FirewallInANamespace, NamesAnElementOfASetThatStands) {
    load_and_approve();
    nft("delete element inet filter blocked { 10.0.0.0/8 }");
    expect_only("removed_drop", Severity::high, "removed in set inet filter blocked: element { 10.0.0.0/8 }");
    nft("add element inet filter blocked { 10.0.0.0/8 }");
    EXPECT_EQ(look().result, CheckResult::pass);
    nft("add element inet filter services { 80 : accept }");
    expect_only("added_accept", Severity::high, "added in map inet filter services: element { 80 : accept }");
}

TEST_F(FirewallInANamespace, LeavesSetsAloneThatTrafficOrAnotherProgramFills) {
    load(approved_rules);
    approve("dynamic_sets: [\"inet filter blocked\"]\n");
    ASSERT_EQ(look().result, CheckResult::pass);
    nft("add element inet filter seen { 198.51.100.7 }");
    nft("add element inet filter blocked { 198.51.100.7 }");
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::pass) << report.reason;
}

TEST_F(FirewallInANamespace, NamesATableThatIsNew) {
    load_and_approve();
    nft("add table inet extra");
    expect_only("other_difference", Severity::medium, "added in table inet extra");
}

TEST_F(FirewallInANamespace, IsCriticalWhereNothingIsLeft) {
    load_and_approve();
    nft("flush ruleset");
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::drift);
    EXPECT_EQ(report.severity, Severity::critical);
    EXPECT_EQ(report.reason, "no firewall is active: no rules at all");
    EXPECT_EQ(testing::finding_of(report, "removed_drop").severity, Severity::high);
}

TEST_F(FirewallInANamespace, IsNeverFineWhereATableWasSwitchedOff) {
    load_and_approve();
    nft("add table inet filter { flags dormant; }");
    const auto report = look();
    EXPECT_NE(report.result, CheckResult::pass);
    EXPECT_GE(report.severity, Severity::high);
}

TEST_F(FirewallInANamespace, IsUndeterminedWhereNothingWasApproved) {
    load(approved_rules);
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_EQ(report.severity, Severity::medium);
    EXPECT_THAT(report.reason, HasSubstr("check --learn"));
    EXPECT_EQ(testing::finding_of(report, "active").result, CheckResult::pass);
}

TEST_F(FirewallInANamespace, NamesTheRightThatIsMissing) {
    load_and_approve();
    ground.program("nft", std::string{"exec /usr/bin/setpriv --reuid 65534 --clear-groups "} + nft_program + " \"$@\"");
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_EQ(report.severity, Severity::high);
    EXPECT_THAT(report.reason, AllOf(HasSubstr("CAP_NET_ADMIN (run as root)"), HasSubstr("Operation not permitted")));
    EXPECT_THAT(learn().value().unknown.at(0), HasSubstr("CAP_NET_ADMIN"));
    EXPECT_EQ(learn().value().lines, "");
}

class IptablesInANamespace : public FirewallInANamespace {
protected:
    void SetUp() override {
        FirewallInANamespace::SetUp();
        if (IsSkipped()) return;
        if (!exists("/usr/sbin/iptables-nft")) GTEST_SKIP() << "needs Debian's iptables";
        inside("iptables-nft-save", "/usr/sbin/iptables-nft-save");
        inside("ip6tables-nft-save", "/usr/sbin/ip6tables-nft-save");
        inside("iptables-legacy-save", "/usr/sbin/iptables-legacy-save");
    }
    void iptables(const std::string& kind, const std::vector<std::string>& rules) {
        std::string script;
        for (const auto& rule : rules) script += "/usr/sbin/iptables-" + kind + " " + rule + " || exit\n";
        enter({"/bin/sh", "-c", script});
    }
    // The kernel's list of tables is that of the namespace.
    void show_legacy_tables() {
        ground.folder.write("net/ip_tables_names", enter({"/bin/cat", "/proc/net/ip_tables_names"}));
    }
};

TEST_F(IptablesInANamespace, ComparesWhatNftDoesNotShowOfRulesOfIptablesNft) {
    iptables("nft", {"-P INPUT DROP", "-A INPUT -p tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT",
                     "-A INPUT -m limit --limit 3/min -j REJECT"});
    approve();
    ASSERT_EQ(look().result, CheckResult::pass) << look().reason;
    // Only an argument of an extension differs, of which nft shows the name alone.
    iptables("nft", {"-R INPUT 1 -p tcp --dport 22 -m conntrack --ctstate NEW,INVALID -j ACCEPT"});
    const auto report = look();
    EXPECT_EQ(report.severity, Severity::high) << report.reason;
    EXPECT_THAT(testing::finding_of(report, "added_accept").reason, HasSubstr("--ctstate INVALID,NEW -j ACCEPT"));
}

TEST_F(IptablesInANamespace, IsUndeterminedWhereNobodyCanShowExtensions) {
    iptables("nft", {"-P INPUT DROP", "-A INPUT -m conntrack --ctstate NEW -j ACCEPT"});
    approve();
    std::filesystem::remove(ground.folder.path() / "iptables-nft-save");
    const auto report = look();
    EXPECT_EQ(report.result, CheckResult::error);
    EXPECT_THAT(report.reason, HasSubstr("whose arguments nft does not show: install iptables"));
}

TEST_F(IptablesInANamespace, ReadsRulesOfIptablesNftWhereNftIsMissing) {
    iptables("nft", {"-P INPUT DROP", "-A INPUT -p tcp --dport 22 -j ACCEPT"});
    std::filesystem::remove(ground.folder.path() / "nft");
    approve();
    iptables("nft", {"-A INPUT -p tcp --dport 80 -j ACCEPT"});
    const auto report = look();
    EXPECT_EQ(report.severity, Severity::high);
    EXPECT_THAT(report.reason, HasSubstr("-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT"));
    EXPECT_EQ(testing::finding_of(report, "active").result, CheckResult::pass);
    EXPECT_THAT(testing::finding_of(report, "nft_tables").reason, HasSubstr("install nftables"));
}

TEST_F(IptablesInANamespace, ComparesRulesOfTheIptablesBeforeNftables) {
    const auto made = execute(ip_program, {"netns", "exec", name_, "/usr/sbin/iptables-legacy", "-P", "INPUT", "DROP"});
    if (made.status != 0) GTEST_SKIP() << "this kernel has no iptables before nftables: " << made.standard_error.head;
    iptables("legacy", {"-A INPUT -p tcp --dport 22 -j ACCEPT", "-A INPUT -s 10.0.0.0/8 -j DROP"});
    show_legacy_tables();
    EXPECT_EQ(testing::finding_of(look(), "iptables").result, CheckResult::error);  // nothing approved yet
    approve();
    const auto fine = look();
    EXPECT_EQ(fine.result, CheckResult::pass) << fine.reason;
    iptables("legacy", {"-D INPUT -s 10.0.0.0/8 -j DROP"});
    const auto report = look();
    EXPECT_EQ(report.severity, Severity::high);
    EXPECT_EQ(report.reason, "removed in iptables filter INPUT, rule 2: -A INPUT -s 10.0.0.0/8 -j DROP");
    // The other implementation does not see these tables.
    std::filesystem::remove(ground.folder.path() / "iptables-legacy-save");
    inside("iptables-save", "/usr/sbin/iptables-nft-save");
    EXPECT_THAT(look().reason, HasSubstr("does not show the table \"filter\", which the kernel has"));
}

}  // namespace
}  // namespace agent
