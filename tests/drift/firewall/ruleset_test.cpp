#include "drift/firewall/ruleset.hpp"

#include "drift/firewall/firewall_values.hpp"
#include "drift/firewall/normal_form.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;
using namespace agent::testing;  // NOLINT(google-build-using-namespace): names of tests

std::string error_of(std::string_view items) {
    const auto ruleset = nft_prints(items);
    return ruleset.has_error() ? ruleset.error().message() : "no error";
}

const FirewallObject& only(const Ruleset& ruleset, std::string_view kind) {
    for (const auto& [key, object] : ruleset.objects)
        if (key.kind == kind) return object;
    throw std::out_of_range{"no such object"};
}

TEST(Ruleset, IsTheSameWhateverHandlesAndCountersSay) {
    const std::string again =
        R"({"table":{"family":"inet","name":"filter","handle":31}},)"
        R"({"chain":{"family":"inet","table":"filter","name":"input","handle":77,"type":"filter","hook":"input","prio":0,"policy":"drop"}},)"
        R"({"rule":{"family":"inet","table":"filter","chain":"input","handle":99,"expr":[{"counter":{"packets":0,"bytes":0}},{"accept":null}]}})";
    const auto before = filter(rule(std::string{count} + ',' + std::string{accept}));
    const auto after = nft_prints(again).value();
    EXPECT_EQ(before.sha256(), after.sha256());
    EXPECT_EQ(before.rules(), 1U);
}

TEST(Ruleset, IsAnotherWhereTheOrderOfRulesIs) {
    const auto a = rule(port("22", accept));
    const auto b = rule(port("23", drop));
    EXPECT_NE(filter(a + ',' + b).sha256(), filter(b + ',' + a).sha256());
}

TEST(Ruleset, KnowsNoOrderInSetsAndFlags) {
    EXPECT_EQ(filter(rule(port(R"({"set":[22,80,{"range":[90,99]}]})", accept))).sha256(),
              filter(rule(port(R"({"set":[{"range":[90,99]},80,22]})", accept))).sha256());
    EXPECT_EQ(filter(rule(R"({"masquerade":{"flags":"random"}})")).sha256(),
              filter(rule(R"({"masquerade":{"flags":["random"]}})")).sha256());
}

TEST(Ruleset, ForgetsWhatQuotasUsedUp) {
    const std::string quota = R"({"quota":{"family":"inet","name":"q","table":"filter","handle":1,"bytes":100,"used":)";
    EXPECT_EQ(filter(quota + "5}}").sha256(), filter(quota + "99}}").sha256());
    EXPECT_EQ(
        filter(rule(R"({"quota":{"val":10,"val_unit":"mbytes","used":3,"used_unit":"bytes","inv":true}})")).sha256(),
        filter(rule(R"({"quota":{"val":10,"val_unit":"mbytes","inv":true}})")).sha256());
}

TEST(Ruleset, KeepsElementsThatStayAndDropsThoseThatEndByThemselves) {
    const auto ruleset = filter(
        R"({"set":{"family":"inet","name":"s","table":"filter","type":"ipv4_addr","handle":4,"flags":["timeout"],"elem":)"
        R"(["1.2.3.4",{"elem":{"val":"1.2.3.5","timeout":3600,"expires":3599}},{"elem":{"val":"1.2.3.6","comment":"x","counter":{"packets":3,"bytes":1}}}]}})");
    const auto& set = only(ruleset, "set");
    EXPECT_EQ(set.elements.size(), 2U);
    EXPECT_TRUE(set.elements.contains(R"("1.2.3.4")"));
    EXPECT_FALSE(set.filled_by_rules);
}

TEST(Ruleset, DropsAllElementsOfSetsThatTrafficFills) {
    const std::string set =
        R"({"set":{"family":"inet","name":"seen","table":"filter","type":"ipv4_addr","handle":4,"elem":["1.2.3.4"]}})";
    const auto filled = filter(set + ',' + rule(R"({"set":{"op":"add","elem":"x","set":"@seen"}})"));
    EXPECT_TRUE(only(filled, "set").filled_by_rules);
    EXPECT_TRUE(only(filled, "set").elements.empty());
    const auto flagged = filter(
        R"({"set":{"family":"inet","name":"seen","table":"filter","type":"ipv4_addr","flags":"dynamic","elem":"1.2.3.4"}})");
    EXPECT_TRUE(only(flagged, "set").elements.empty());
    // Older versions of nft do not print that flag.
    EXPECT_EQ(only(flagged, "set").attributes, only(filled, "set").attributes);
    auto by_another = filter(set);
    by_another.forget_elements("inet filter other");
    EXPECT_FALSE(only(by_another, "set").elements.empty());
    by_another.forget_elements("inet filter seen");
    EXPECT_TRUE(only(by_another, "set").elements.empty());
}

TEST(Ruleset, IsReadBackFromItsOwnListing) {
    const auto ruleset =
        filter(R"({"set":{"family":"inet","name":"s","table":"filter","type":"ipv4_addr","elem":["1.2.3.4"]}},)" +
               chain("other") + ',' + rule(port("22", accept), "other") + ',' + rule(port("23", drop)));
    const auto again = read_ruleset(ruleset.listing()).value();
    EXPECT_EQ(again.sha256(), ruleset.sha256());
    EXPECT_EQ(again.listing(), ruleset.listing());
}

TEST(Ruleset, TakesAnUnreadableFlagOfATableForTheOneThatSwitchesItOff) {
    const auto garbled = nft_prints(R"({"table":{"family":"inet","name":"d","flags":"inet"}})").value();
    const auto dormant = nft_prints(R"({"table":{"family":"inet","name":"d","flags":["dormant"]}})").value();
    EXPECT_EQ(garbled.sha256(), dormant.sha256());
    const auto owned = nft_prints(R"({"table":{"family":"inet","name":"d","flags":["owner"]}})").value();
    EXPECT_NE(owned.sha256(), dormant.sha256());
}

TEST(Ruleset, NamesWhatIsNoListing) {
    EXPECT_THAT(read_nft_output("").error().message(), HasSubstr("no valid JSON"));
    EXPECT_THAT(read_nft_output("[]").error().message(), HasSubstr("no list \"nftables\""));
    EXPECT_THAT(read_nft_output(R"({"nftables":{}})").error().message(), HasSubstr("no list \"nftables\""));
    EXPECT_THAT(error_of(R"({"rul":{}})"), HasSubstr("did you mean \"rule\"?"));
    EXPECT_THAT(error_of(R"({"table":1})"), HasSubstr("table"));
    EXPECT_THAT(error_of(R"({"table":{"family":"inet"}})"), HasSubstr("name"));
    EXPECT_THAT(error_of("7"), HasSubstr("must be an object with one member"));
    EXPECT_THAT(error_of(input), HasSubstr("the table \"inet filter\" is not declared above it"));
    EXPECT_THAT(error_of(std::string{table} + ',' + rule(accept)), HasSubstr("is not declared above it"));
    EXPECT_THAT(error_of(std::string{table} + ',' + std::string{table}), HasSubstr("there a second time"));
}

TEST(Ruleset, IsReadFromDeeplyNestedExpressionsUpToALimit) {
    const auto nested = [](int levels) {
        std::string text = "1";
        for (int i = 0; i < levels; ++i) text = R"({"|":[)" + text + ",2]}";
        return R"({"mangle":{"key":{"meta":{"key":"mark"}},"value":)" + text + "}}";
    };
    const auto start = std::string{table} + ',' + std::string{input} + ',';
    EXPECT_TRUE(nft_prints(start + rule(nested(15))));
    EXPECT_THAT(error_of(start + rule(nested(30))), HasSubstr("deeper than 48 levels"));
}

TEST(NormalForm, WritesEqualTextForEqualValuesOnly) {
    EXPECT_EQ(text_of(Value{"22"}), R"("22")");
    EXPECT_EQ(text_of(Value{22}), "22");
    EXPECT_EQ(text_of(Value{R"(a"b\)"}), R"("a\"b\\")");
}

}  // namespace
}  // namespace agent
