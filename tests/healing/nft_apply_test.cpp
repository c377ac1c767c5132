// nft.apply on a real packet filter, and which texts it takes.
#include <gmock/gmock.h>

#include "healing/firewall_tables.hpp"
#include "network_namespace.hpp"

namespace agent::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string words_of_tables(std::string_view text) {
    const auto tables = declared_tables(text);
    if (tables.has_error()) return tables.error().message();
    std::string words;
    for (const auto& table : tables.value()) words += table.words() + ';';
    return words;
}

TEST(DeclaredTables, AreNamedWithTheirFamily) {
    EXPECT_EQ(
        words_of_tables("#!/usr/sbin/nft -f\n# table ip no {\ntable a { }\ntable inet b-1 {\n chain c { comment \"}\"; "
                        "}\n}; table ip6 c{}"),
        "ip a;inet b-1;ip6 c;");
}

TEST(DeclaredTables, AreAllThatATextMayHold) {
    EXPECT_THAT(words_of_tables("table inet a { }\nflush ruleset\n"),
                HasSubstr("line 2: \"flush\": only whole tables"));
    EXPECT_THAT(words_of_tables("include \"/etc/nftables.conf\""), HasSubstr("line 1: \"include\": only whole tables"));
    EXPECT_THAT(words_of_tables("table inet a {\n chain c {\n  include \"x\"\n }\n}"),
                HasSubstr("line 3: \"include\""));
    EXPECT_THAT(words_of_tables("table inet a; delete table inet b"), HasSubstr("\"{\" must follow"));
    EXPECT_THAT(words_of_tables("table inet a { chain c { }\n"), HasSubstr("the \"}\" of table inet a is missing"));
    EXPECT_THAT(words_of_tables("table inet a { comment \"} }"), HasSubstr("is missing"));
    EXPECT_THAT(words_of_tables("table inet $x { }"), HasSubstr("not the name of a table: \"$x\""));
    EXPECT_THAT(words_of_tables("table a { }\ntable ip a { }"), HasSubstr("declared a second time"));
    EXPECT_THAT(words_of_tables("# nothing\n"), HasSubstr("declares no table"));
}

class NftApply : public HealingInANamespace {
protected:
    void SetUp() override {
        HealingInANamespace::SetUp();
        if (IsSkipped()) return;
        load(
            "table inet filter { comment \"kept\"; chain input { type filter hook input priority 0; policy drop; }; }");
        before = filter();
    }
    const Runbook& applying(const std::string& ruleset) {
        std::string lines = "steps:\n  - action: nft.apply\n    ruleset: |\n";
        std::istringstream text{ruleset};
        for (std::string line; std::getline(text, line);) lines += "      " + line + '\n';
        return runbook(lines);
    }
    std::string before;
};

constexpr auto quarantine = R"(# Nothing but ssh.
table inet quarantine {
  comment "while it is looked at"
  chain input {
    type filter hook input priority -10; policy drop;
    tcp dport 22 accept
  }
}
)";

TEST_F(NftApply, PutsItsTablesBesideTheOthers) {
    const auto draft = apply(applying(quarantine));
    EXPECT_EQ(draft.outcome, Outcome::success) << draft.error.value_or("");
    EXPECT_THAT(words_of(draft), ElementsAre("1 done"));
    EXPECT_EQ(filter(), before + nft({"-s", "list", "table", "inet", "quarantine"}));
    EXPECT_THAT(filter(), HasSubstr("tcp dport 22 accept"));
}

TEST_F(NftApply, ReplacesATableWhole) {
    load("table inet quarantine { chain old { }; chain input { udp dport 53 accept; }; }");
    EXPECT_EQ(apply(applying(quarantine)).outcome, Outcome::success);
    const auto once = filter();
    EXPECT_THAT(once, AllOf(Not(HasSubstr("old")), Not(HasSubstr("udp"))));
    const auto again = apply(applying(quarantine));
    EXPECT_EQ(again.outcome, Outcome::success);
    EXPECT_THAT(words_of(again), ElementsAre("1 unchanged"));
    EXPECT_EQ(filter(), once);
}

TEST_F(NftApply, IsPutBackWhereALaterStepFails) {
    for (const std::string was :
         {"", "table inet quarantine { comment \"former\"; chain old { udp dport 53 accept; }; }"}) {
        if (!was.empty()) load(was);
        const auto former = filter();
        std::string lines =
            "steps:\n  - {action: nft.apply, ruleset: \"table inet quarantine { chain c { drop; }; }\"}\n";
        const auto draft = apply(runbook(lines + "  - {action: command.run, changes: false, argv: [/bin/false]}\n"));
        EXPECT_EQ(draft.outcome, Outcome::reverted) << draft.error.value_or("");
        EXPECT_EQ(filter(), former);
        EXPECT_EQ(draft.pre_state.find("steps")->array()->at(0), draft.post_state.find("steps")->array()->at(0));
    }
}

TEST_F(NftApply, IsPutBackAfterACrashAndAsOftenAsThatIsCutShort) {
    const auto& one = applying(quarantine);
    const auto cut = cut_short(one, RunState::stepping);
    ASSERT_NE(filter(), before);
    EXPECT_EQ(finish(cut, &one).outcome, Outcome::reverted);
    EXPECT_EQ(filter(), before);
    EXPECT_EQ(finish(cut, &one).outcome, Outcome::reverted);
    EXPECT_EQ(filter(), before);
}

TEST_F(NftApply, NamesTheLineThatNftDoesNotTake) {
    const auto draft = apply(applying("table inet a {\n  chain c {\n    tcp dport nowhere accept\n  }\n}\n"));
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), AllOf(HasSubstr("nothing was changed"),
                                                HasSubstr("the ruleset of the runbook"), HasSubstr(":3:15-21")));
    EXPECT_EQ(filter(), before);
}

TEST_F(NftApply, DoesNotPutBackOverWhatItCannotRead) {
    const auto& one = applying(quarantine);
    auto cut = cut_short(one, RunState::stepping);
    const auto after = filter();
    cut.steps.at(0).saved->set("tables", "none");
    const auto draft = finish(cut, &one);
    EXPECT_EQ(draft.outcome, Outcome::failed);
    EXPECT_THAT(draft.error.value_or(""), HasSubstr("cannot be read"));
    EXPECT_EQ(filter(), after);
}

}  // namespace
}  // namespace agent::testing
