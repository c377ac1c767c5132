// nft.restore on a real packet filter: the approved ruleset comes back, and what was there before it, too.
#include <gmock/gmock.h>

#include "network_namespace.hpp"

namespace agent::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// In the order of a listing of the baseline: by kind and name.
constexpr auto approved_filter = R"(
table inet filter {
  counter hits { }
  map counted {
    type ipv4_addr : counter
    elements = { 192.0.2.77 : "hits" }
  }
  map services {
    type inet_service : verdict
    elements = { 22 : accept, 23 : jump refuse }
  }
  set banned {
    type ipv4_addr
  }
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
  chain input {
    type filter hook input priority filter - 1; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    ip saddr @blocked counter drop
    ip saddr @banned drop
    add @seen { ip saddr }
    tcp dport vmap @services
    tcp flags & (fin|syn) == syn quota over 10 mbytes drop
    meta hour "10:00"-"12:00" counter name "hits" accept
    iifname "lo" goto refuse
    log prefix "dropped: " limit rate 5/minute
  }
  chain refuse {
    meta l4proto udp counter accept comment "not { yet"
    reject with icmpx type admin-prohibited
  }
}
table ip nat {
  chain post {
    type nat hook postrouting priority 100;
    oifname "eth0" masquerade
  }
}
)";

class NftRestore : public HealingInANamespace {
protected:
    void SetUp() override {
        HealingInANamespace::SetUp();
        if (IsSkipped()) return;
        load(approved_filter);
        approve("dynamic_sets: [\"inet filter banned\"]\n");
        approved = filter();
        checks_look = true;
    }
    const Runbook& restoring() { return runbook("repairs: firewall_baseline\nsteps:\n  - {action: nft.restore}\n"); }
    // Differs in every way from what is approved.
    void drift() {
        load(
            "chain inet filter input { policy accept; }\n"
            "insert rule inet filter input tcp dport 8080 accept\n"
            "flush chain inet filter refuse\n"
            "delete element inet filter blocked { 10.0.0.0/8 }\n"
            "add element inet filter services { 80 : accept }\n"
            "delete table ip nat\n"
            "table inet extra { comment \"not approved\"; chain c { comment \"nor this\"; tcp dport { 1, 2 } drop; }; "
            "}");
        drifted = filter();
        ASSERT_NE(drifted, approved);
    }
    // That of the table in the kernel: another one once the table was made anew.
    std::int64_t handle_of(const std::string& table) {
        const auto listed = parse_json(nft({"-j", "list", "tables"})).value();
        for (const auto& item : *listed.find("nftables")->array())
            if (const auto* found = item.find("table"); found != nullptr && *found->find("name")->string() == table)
                return *found->find("handle")->integer();
        return 0;
    }
    std::string approved;
    std::string drifted;
};

TEST_F(NftRestore, PutsTheApprovedRulesetBack) {
    drift();
    const auto draft = apply(restoring());
    EXPECT_EQ(draft.outcome, Outcome::success) << draft.error.value_or("");
    EXPECT_EQ(draft.result, CheckResult::pass);
    EXPECT_EQ(filter(), approved);
    EXPECT_TRUE(draft.rollback_available);
    EXPECT_THAT(draft.action_taken.at(0).output_head,
                AllOf(HasSubstr("added in inet filter input, rule 1: tcp dport 8080 accept"),
                      HasSubstr("changed in chain inet filter input: policy drop → accept"),
                      HasSubstr("removed in table ip nat"), HasSubstr("added in table inet extra")));
}

TEST_F(NftRestore, PutsBackAllOfAFlushedFilter) {
    load("flush ruleset");
    EXPECT_EQ(apply(restoring()).outcome, Outcome::success);
    EXPECT_EQ(filter(), approved);
}

TEST_F(NftRestore, DoesNothingWhereAllIsAsApproved) {
    const auto before = handle_of("filter");
    load("add element inet filter banned { 198.51.100.7 }");
    const auto draft = apply(restoring());
    EXPECT_EQ(draft.outcome, Outcome::success);
    EXPECT_THAT(words_of(draft), ElementsAre("1 unchanged"));
    EXPECT_TRUE(journal.run.steps.empty());
    EXPECT_EQ(handle_of("filter"), before);
}

TEST_F(NftRestore, LeavesTablesAloneThatAreAsApproved) {
    load("add rule ip nat post oifname \"eth1\" masquerade");
    const auto filter_before = handle_of("filter");
    const auto nat_before = handle_of("nat");
    EXPECT_EQ(apply(restoring()).outcome, Outcome::success);
    EXPECT_EQ(filter(), approved);
    EXPECT_EQ(handle_of("filter"), filter_before);
    EXPECT_NE(handle_of("nat"), nat_before);
}

TEST_F(NftRestore, KeepsWhatOthersPutIntoSets) {
    load("add element inet filter banned { 198.51.100.7 }\nadd element inet filter seen { 198.51.100.8 timeout 30m }");
    drift();
    EXPECT_EQ(apply(restoring()).outcome, Outcome::success);
    const auto now = nft({"list", "ruleset"});
    EXPECT_THAT(now,
                AllOf(HasSubstr("elements = { 198.51.100.7 }"), HasSubstr("198.51.100.8 timeout 30m expires 29m")));
    EXPECT_THAT(now, Not(HasSubstr("80 : accept")));
}

TEST_F(NftRestore, PutsTheFormerFilterBackWhereTheCheckIsNotFine) {
    drift();
    checks_look = false;
    check_results = {CheckResult::drift};
    const auto draft = apply(restoring());
    EXPECT_EQ(draft.outcome, Outcome::reverted) << draft.error.value_or("");
    EXPECT_THAT(words_of(draft), ElementsAre("1 done", "1 undone"));
    EXPECT_EQ(filter(), drifted);
    EXPECT_EQ(draft.pre_state, draft.post_state);
    EXPECT_THAT(draft.action_taken.at(1).output_head,
                HasSubstr("put back the former tables of the packet filter: inet filter, inet extra, ip nat"));
}

TEST_F(NftRestore, IsPutBackAfterACrashAndAsOftenAsThatIsCutShort) {
    drift();
    const auto& one = restoring();
    const auto cut = cut_short(one, RunState::stepping);
    ASSERT_EQ(filter(), approved);
    load("add element inet filter banned { 198.51.100.9 }");
    for (int undone = 0; undone < 2; ++undone) {
        EXPECT_EQ(finish(cut, &one).outcome, Outcome::reverted);
        EXPECT_THAT(filter(), HasSubstr("elements = { 198.51.100.9 }")) << "a ban of the meantime";
    }
    load("delete element inet filter banned { 198.51.100.9 }");
    EXPECT_EQ(filter(), drifted);
}

TEST_F(NftRestore, PutsBackInTheEmptyFilterThatABootLeft) {
    drift();
    const auto cut = cut_short(restoring(), RunState::stepping);
    load("flush ruleset");
    EXPECT_EQ(finish(cut, nullptr).outcome, Outcome::reverted);
    EXPECT_EQ(filter(), drifted);
}

TEST_F(NftRestore, OfAStepThatNeverHappenedLeavesTheFilterAsItIs) {
    drift();
    const auto& one = restoring();
    const auto cut = cut_short(one, RunState::stepping);
    EXPECT_EQ(finish(cut, &one).outcome, Outcome::reverted);
    const auto before = handle_of("filter");
    EXPECT_EQ(finish(cut, &one).outcome, Outcome::reverted);
    EXPECT_EQ(handle_of("filter"), before);
}

TEST_F(NftRestore, DoesNotTouchAFilterThatChangedSinceItWasSaved) {
    drift();
    const auto& one = restoring();
    const auto with = tools();
    const auto saved = run(io, one.steps.at(0)->save(with, Value::Object{})).value();
    load("add rule inet filter input tcp dport 9090 accept");
    const auto changed = filter();
    const auto performed = run(io, one.steps.at(0)->perform(with, Value::Object{}, saved));
    ASSERT_TRUE(performed.has_error());
    EXPECT_THAT(performed.error().message(), HasSubstr("changed while it was looked at"));
    EXPECT_EQ(filter(), changed);
}

TEST_F(NftRestore, PlansWhatItWouldPutRight) {
    drift();
    const auto planned = plan(restoring());
    ASSERT_TRUE(planned) << planned.error().message();
    const auto& step = planned.value().steps.at(0);
    EXPECT_THAT(write_json(*step.desired.find("puts_right")), HasSubstr("tcp dport 8080 accept"));
    EXPECT_TRUE(step.current.find("tables")->find("ip nat")->is_null());
    EXPECT_FALSE(step.desired.find("tables")->find("ip nat")->is_null());
    EXPECT_EQ(filter(), drifted);
}

class NftRestoreRefuses : public NftRestore {
protected:
    // Refused before anything was changed, with these words.
    void expect_refused(const std::string& words) {
        const auto before = filter();
        checks_look = false;
        const auto draft = apply(restoring());
        EXPECT_EQ(draft.outcome, Outcome::failed);
        EXPECT_THAT(draft.error.value_or(""), AllOf(HasSubstr("nothing was changed"), HasSubstr(words)));
        EXPECT_EQ(filter(), before);
    }
};

TEST_F(NftRestoreRefuses, WhereTheBaselineApprovesNoRuleset) {
    use_baseline("dynamic_sets: []\n");
    expect_refused("the baseline approves no ruleset: run compliance-agent check --learn firewall_baseline");
}

TEST_F(NftRestoreRefuses, WhereTheBaselineApprovesLinesOfIptables) {
    use_baseline("iptables: [\"*filter\", \":INPUT DROP [0:0]\", \"COMMIT\"]\n");
    expect_refused("put them back with iptables-restore");
}

TEST_F(NftRestoreRefuses, ARulesetThatRefusesNothing) {
    use_baseline("ruleset: [{\"table\": {\"family\": \"inet\", \"name\": \"filter\"}}]\n");
    expect_refused("refuses no packet");
}

TEST_F(NftRestoreRefuses, WhatTheKernelWouldNotTake) {
    use_baseline(
        "ruleset:\n"
        "  - {\"table\": {\"family\": \"inet\", \"name\": \"filter\"}}\n"
        "  - {\"chain\": {\"family\": \"inet\", \"table\": \"filter\", \"name\": \"input\", \"type\": \"filter\", "
        "\"hook\": "
        "\"input\", \"prio\": 0, \"policy\": \"drop\"}}\n"
        "  - {\"rule\": {\"family\": \"inet\", \"table\": \"filter\", \"chain\": \"input\", \"expr\": [{\"jump\": "
        "{\"target\": \"nowhere\"}}]}}\n");
    expect_refused("the approved ruleset cannot be put in place here: /usr/sbin/nft ended with status 1");
}

TEST_F(NftRestoreRefuses, RulesOfIptablesThatCouldNotBePutBack) {
    constexpr auto iptables = "/usr/sbin/iptables-nft";
    if (::access(iptables, X_OK) != 0) GTEST_SKIP() << "needs Debian's iptables";
    const auto added = execute(iptables, {"-A", "INPUT", "-m", "state", "--state", "NEW", "-j", "ACCEPT"});
    ASSERT_EQ(added.status, 0) << added.standard_error.head;
    expect_refused("table ip filter is not as approved, and holds rules of iptables");
}

TEST_F(NftRestoreRefuses, TablesTooLargeToBeKept) {
    std::string elements;
    for (int i = 0; i < 8'500; ++i)
        elements += "10.0." + std::to_string(i / 256) + '.' + std::to_string(i % 256) + " comment \"" +
                    std::string(120, 'x') + "\", ";
    load("table inet large { set s { type ipv4_addr; elements = { " + elements + " }; }; }");
    const auto before = filter();
    const auto draft = apply(restoring());
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), AllOf(HasSubstr("over 1 MiB"), HasSubstr("nothing had been changed")));
    EXPECT_EQ(filter(), before);
}

}  // namespace
}  // namespace agent::testing
