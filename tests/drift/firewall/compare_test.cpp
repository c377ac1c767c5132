#include "drift/firewall/compare.hpp"

#include "drift/firewall/firewall_values.hpp"
#include "drift/firewall/rule_sequence.hpp"

namespace agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace agent::testing;  // NOLINT(google-build-using-namespace): names of tests

// "added! inet filter input, rule 1: …": the mark for what opens, and which way.
std::vector<std::string> differences(const Ruleset& approved, const Ruleset& live) {
    std::vector<std::string> lines;
    for (const auto& difference : compare_rulesets(approved, live)) {
        std::string mark = difference.opening == Opening::accepts_more   ? " accepts_more "
                           : difference.opening == Opening::refuses_less ? " refuses_less "
                                                                         : " other ";
        lines.push_back(std::string{to_string(difference.change)} + mark + difference.where + ": " + difference.text);
    }
    return lines;
}
std::vector<std::string> between(const std::string& approved, const std::string& live) {
    return differences(filter(approved), filter(live));
}

const std::string ssh = rule(port("22", accept));
const std::string web = rule(port("80", accept));
const std::string no_telnet = rule(port("23", drop));
const std::string counted = rule(count);

TEST(CompareRulesets, FindsNothingWhereNothingIsDifferent) {
    EXPECT_THAT(between(ssh + ',' + no_telnet, ssh + ',' + no_telnet), IsEmpty());
}

TEST(CompareRulesets, TellsAddedAcceptsFromOtherRules) {
    EXPECT_THAT(between(ssh, ssh + ',' + web),
                ElementsAre("added accepts_more inet filter input, rule 2: tcp dport 80 accept"));
    EXPECT_THAT(between(ssh, ssh + ',' + no_telnet),
                ElementsAre("added other inet filter input, rule 2: tcp dport 23 drop"));
    EXPECT_THAT(between(ssh, counted + ',' + ssh), ElementsAre("added other inet filter input, rule 1: counter"));
    EXPECT_THAT(between(ssh, rule(R"({"return":null})") + ',' + ssh),
                ElementsAre("added accepts_more inet filter input, rule 1: return"));
    EXPECT_THAT(between(ssh, rule(R"({"queue":{"num":1}})") + ',' + ssh),
                ElementsAre("added accepts_more inet filter input, rule 1: queue num 1"));
    EXPECT_THAT(
        between(ssh, ssh + ',' +
                         rule(R"({"vmap":{"key":{"ct":{"key":"state"}},"data":{"set":[["new",{"accept":null}]]}}})")),
        ElementsAre("added accepts_more inet filter input, rule 2: ct state vmap { new : accept }"));
}

TEST(CompareRulesets, TellsRemovedDropsFromOtherRules) {
    EXPECT_THAT(between(no_telnet + ',' + ssh, ssh),
                ElementsAre("removed refuses_less inet filter input, rule 1: tcp dport 23 drop"));
    EXPECT_THAT(between(no_telnet + ',' + ssh, no_telnet),
                ElementsAre("removed other inet filter input, rule 2: tcp dport 22 accept"));
    EXPECT_THAT(between(rule(R"({"xt":{"type":"target","name":"REJECT"}})"), ""),
                ElementsAre("removed refuses_less inet filter input, rule 1: xt target REJECT"));
}

TEST(CompareRulesets, FollowsJumps) {
    const auto alone = chain("other");
    const auto other = alone + ',';
    const auto jump = rule(R"({"jump":{"target":"other"}})");
    const auto accepting = rule(port("80", accept), "other");
    const auto dropping = rule(port("23", drop), "other");
    EXPECT_THAT(between(other + accepting, other + accepting + ',' + jump),
                ElementsAre("added accepts_more inet filter input, rule 1: jump other"));
    EXPECT_THAT(between(other + dropping, other + dropping + ',' + jump),
                ElementsAre("added other inet filter input, rule 1: jump other"));
    EXPECT_THAT(between(other + dropping + ',' + jump, other + dropping),
                ElementsAre("removed refuses_less inet filter input, rule 1: jump other"));
    EXPECT_THAT(between(alone, other + rule(R"({"goto":{"target":"other"}})")),
                ElementsAre("added accepts_more inet filter input, rule 1: goto other"));
    // Coming back to the caller opens nothing.
    EXPECT_THAT(
        between(other + rule(R"({"return":null})", "other"), other + rule(R"({"return":null})", "other") + ',' + jump),
        ElementsAre("added other inet filter input, rule 1: jump other"));
}

TEST(CompareRulesets, EndsWhereChainsOfABaselineGoInCircles) {
    const auto circle = chain("a") + ',' + chain("b") + ',' + rule(R"({"jump":{"target":"b"}})", "a") + ',' +
                        rule(R"({"jump":{"target":"a"}})", "b");
    EXPECT_EQ(between(circle, "").size(), 4U);
    std::string deep;
    for (int i = 0; i < 300; ++i)
        deep += chain("c" + std::to_string(i)) + ',' +
                rule(R"({"jump":{"target":"c)" + std::to_string(i + 1) + R"("}})", "c" + std::to_string(i)) + ',';
    EXPECT_EQ(between(deep + chain("c300"), deep + chain("c300") + ',' + rule(R"({"jump":{"target":"c0"}})")).size(),
              1U);
}

TEST(CompareRulesets, TellsWhichMovesOpen) {
    EXPECT_THAT(between(no_telnet + ',' + ssh + ',' + counted, ssh + ',' + no_telnet + ',' + counted),
                ElementsAre("moved accepts_more inet filter input, rule 1 (approved: rule 2): tcp dport 22 accept"));
    EXPECT_THAT(between(ssh + ',' + no_telnet, no_telnet + ',' + ssh),
                ElementsAre("moved other inet filter input, rule 1 (approved: rule 2): tcp dport 23 drop"));
    EXPECT_THAT(between(counted + ',' + ssh, ssh + ',' + counted),
                ElementsAre("moved other inet filter input, rule 1 (approved: rule 2): tcp dport 22 accept"));
    EXPECT_THAT(between(no_telnet + ',' + ssh + ',' + web, ssh + ',' + web + ',' + no_telnet),
                ElementsAre("moved refuses_less inet filter input, rule 3 (approved: rule 1): tcp dport 23 drop"));
}

TEST(CompareRulesets, TellsChangedPoliciesAndHooks) {
    const auto with = [](std::string_view type, std::string_view policy) {
        return nft_prints(std::string{table} + R"(,{"chain":{"family":"inet","table":"filter","name":"input",)" +
                          std::string{type} + R"(,"policy":")" + std::string{policy} + "\"}}")
            .value();
    };
    constexpr auto at_input = R"("type":"filter","hook":"input","prio":0)";
    EXPECT_THAT(differences(with(at_input, "drop"), with(at_input, "accept")),
                ElementsAre("changed refuses_less chain inet filter input: policy drop → accept"));
    EXPECT_THAT(differences(with(at_input, "accept"), with(at_input, "drop")),
                ElementsAre("changed other chain inet filter input: policy accept → drop"));
    EXPECT_THAT(differences(with(at_input, "drop"), with(R"("type":"filter","hook":"output","prio":0)", "drop")),
                ElementsAre("changed refuses_less chain inet filter input: hook input → output"));
    EXPECT_THAT(differences(with(at_input, "drop"), with(R"("type":"filter","hook":"input","prio":10)", "drop")),
                ElementsAre("changed other chain inet filter input: prio 0 → 10"));
}

TEST(CompareRulesets, TellsThatATableWasSwitchedOff) {
    const auto awake = filter("");
    const auto dormant =
        nft_prints(R"({"table":{"family":"inet","name":"filter","flags":["dormant"]}},)" + std::string{input}).value();
    EXPECT_THAT(differences(awake, dormant),
                ElementsAre("changed refuses_less table inet filter: flags none → dormant"));
    EXPECT_TRUE(is_active(awake));
    EXPECT_FALSE(is_active(dormant));
}

TEST(CompareRulesets, TellsWhatIsNewAndWhatIsGone) {
    const Ruleset nothing;
    EXPECT_THAT(differences(filter(ssh), nothing),
                ElementsAre("removed other table inet filter: table inet filter",
                            "removed refuses_less chain inet filter input: chain inet filter input: hook input, policy "
                            "drop, prio 0, type filter",
                            "removed other inet filter input, rule 1: tcp dport 22 accept"));
    EXPECT_THAT(differences(nothing, filter(ssh)),
                ElementsAre("added other table inet filter: table inet filter",
                            "added other chain inet filter input: chain inet filter input: hook input, policy drop, "
                            "prio 0, type filter",
                            "added accepts_more inet filter input, rule 1: tcp dport 22 accept"));
}

TEST(CompareRulesets, TellsACommentThatChanged) {
    const auto commented = [](std::string_view text) {
        return R"({"rule":{"family":"inet","table":"filter","chain":"input","comment":")" + std::string{text} +
               R"(","expr":[{"accept":null}]}})";
    };
    EXPECT_THAT(between(commented("a"), commented("b")),
                ElementsAre("changed other inet filter input, rule 1: accept comment \"b\""));
}

std::string set_of(std::string_view elements) {
    return R"({"set":{"family":"inet","name":"s","table":"filter","type":"ipv4_addr","elem":[)" +
           std::string{elements} + "]}}";
}
std::string looks_up(std::string_view op, std::string_view verdict) {
    return ',' +
           rule(R"({"match":{"op":")" + std::string{op} +
                R"(","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"@s"}},)" + std::string{verdict});
}

TEST(CompareRulesets, JudgesElementsByTheRulesThatUseThem) {
    const auto one = set_of(R"("10.0.0.1")");
    const auto two = set_of(R"("10.0.0.1","10.0.0.2")");
    const auto change = [](const std::string& from, const std::string& to, const std::string& use) {
        return between(from + use, to + use);
    };
    EXPECT_THAT(change(one, two, looks_up("==", accept)),
                ElementsAre("added accepts_more set inet filter s: element { 10.0.0.2 }"));
    EXPECT_THAT(change(two, one, looks_up("==", accept)),
                ElementsAre("removed other set inet filter s: element { 10.0.0.2 }"));
    EXPECT_THAT(change(two, one, looks_up("==", drop)),
                ElementsAre("removed refuses_less set inet filter s: element { 10.0.0.2 }"));
    EXPECT_THAT(change(one, two, looks_up("==", drop)),
                ElementsAre("added other set inet filter s: element { 10.0.0.2 }"));
    // All but what is in the set.
    EXPECT_THAT(change(one, two, looks_up("!=", drop)),
                ElementsAre("added refuses_less set inet filter s: element { 10.0.0.2 }"));
    EXPECT_THAT(change(two, one, looks_up("!=", accept)),
                ElementsAre("removed accepts_more set inet filter s: element { 10.0.0.2 }"));
    EXPECT_THAT(change(one, two, ""), ElementsAre("added other set inet filter s: element { 10.0.0.2 }"));
}

TEST(CompareRulesets, JudgesElementsOfVerdictMapsByThemselves) {
    const auto map = [](std::string_view elements) {
        return R"({"map":{"family":"inet","name":"m","table":"filter","type":"inet_service","map":"verdict","elem":[)" +
               std::string{elements} + "]}}";
    };
    EXPECT_THAT(between(map(R"([23,{"drop":null}])"), map(R"([22,{"accept":null}])")),
                ElementsAre("removed refuses_less map inet filter m: element { 23 : drop }",
                            "added accepts_more map inet filter m: element { 22 : accept }"));
    EXPECT_THAT(between(map(R"([23,{"accept":null}])"), map(R"([22,{"drop":null}])")),
                ElementsAre("removed other map inet filter m: element { 23 : accept }",
                            "added other map inet filter m: element { 22 : drop }"));
}

TEST(CompareRulesets, JudgesNamedLimitsByTheRulesThatUseThem) {
    const auto limit = [](std::string_view rate) {
        return R"({"limit":{"family":"inet","name":"l","table":"filter","rate":)" + std::string{rate} +
               R"(,"per":"second"}})";
    };
    const auto use = ',' + rule(R"({"limit":"l"},{"accept":null})");
    EXPECT_THAT(between(limit("10") + use, limit("9999") + use),
                ElementsAre("changed accepts_more limit inet filter l: rate 10 → 9999"));
    EXPECT_THAT(between(limit("10"), limit("9999")), ElementsAre("changed other limit inet filter l: rate 10 → 9999"));
}

TEST(IsActive, IsWhatCanRefuse) {
    const auto open = [](const std::string& items) {
        return nft_prints(
                   std::string{table} +
                   R"(,{"chain":{"family":"inet","table":"filter","name":"input","type":"filter","hook":"input","prio":0,"policy":"accept"}})" +
                   (items.empty() ? "" : ',' + items))
            .value();
    };
    EXPECT_FALSE(is_active(Ruleset{}));
    EXPECT_FALSE(is_active(open("")));
    EXPECT_FALSE(is_active(open(ssh)));
    EXPECT_TRUE(is_active(open(no_telnet)));
    EXPECT_TRUE(is_active(filter("")));
    // Where no packet comes by, nothing is refused.
    EXPECT_FALSE(is_active(open(chain("other") + ',' + rule(drop, "other"))));
    EXPECT_TRUE(
        is_active(open(chain("other") + ',' + rule(drop, "other") + ',' + rule(R"({"jump":{"target":"other"}})"))));
}

std::string moves(const std::vector<std::string>& before, const std::vector<std::string>& after) {
    const auto change = compare_sequences(before, after);
    std::string text;
    for (const auto i : change.removed) text += '-' + before[i];
    for (const auto i : change.added) text += '+' + after[i];
    for (const auto& pair : change.paired)
        if (pair.moved) text += '~' + after[pair.after];
    return text;
}

TEST(CompareSequences, MovesAsFewAsPossible) {
    EXPECT_EQ(moves({"a", "b", "c"}, {"a", "b", "c"}), "");
    EXPECT_EQ(moves({"a", "b", "c", "d"}, {"d", "a", "b", "c"}), "~d");
    EXPECT_EQ(moves({"a", "b", "c", "d"}, {"b", "c", "d", "a"}), "~a");
    EXPECT_EQ(moves({"a", "b", "c"}, {"a", "x", "c"}), "-b+x");
    EXPECT_EQ(moves({}, {"a"}), "+a");
    EXPECT_EQ(moves({"a", "b"}, {}), "-a-b");
    EXPECT_EQ(moves({"a", "a", "b"}, {"a", "b", "a"}), "~b");
    EXPECT_EQ(moves({"a", "d", "a"}, {"d", "a"}), "-a");
}

}  // namespace
}  // namespace agent
