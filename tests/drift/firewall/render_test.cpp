#include "drift/firewall/render.hpp"

#include <fstream>
#include <sstream>

#include "drift/firewall/firewall_values.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;

std::string shown(std::string_view expressions) {
    return render_expressions(parse_json('[' + std::string{expressions} + ']', 48).value());
}

struct Rendering {
    std::string_view json;
    std::string_view text;
};

// What nft 1.0.6 printed of rules that it listed with this text; where ours differs from nft's, it is by numbers in
// place of names.
constexpr Rendering renderings[] = {
    {R"({"vmap":{"key":{"ct":{"key":"state"}},"data":{"set":[["invalid",{"drop":null}],["related",{"accept":null}]]}}})",
     "ct state vmap { invalid : drop, related : accept }"},
    {R"({"match":{"op":"==","left":{"meta":{"key":"iifname"}},"right":"lo"}},{"accept":null})", "iifname lo accept"},
    {R"({"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":{"set":[22,{"range":[80,90]}]}}},{"match":{"op":"in","left":{"ct":{"key":"state"}},"right":"new"}},{"limit":{"rate":10,"burst":5,"per":"second"}},{"counter":null},{"accept":null})",
     "tcp dport { 22, 80-90 } ct state new limit rate 10/second burst 5 counter accept"},
    {R"({"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"@blocked"}},{"drop":null})",
     "ip saddr @blocked drop"},
    {R"({"match":{"op":"==","left":{"payload":{"protocol":"ip6","field":"saddr"}},"right":{"prefix":{"addr":"fe80::","len":10}}}})",
     "ip6 saddr fe80::/10"},
    {R"({"match":{"op":"==","left":{"meta":{"key":"l4proto"}},"right":{"set":["icmp","ipv6-icmp"]}}})",
     "meta l4proto { icmp, ipv6-icmp }"},
    {R"({"limit":{"rate":5,"burst":5,"per":"minute","inv":true}},{"drop":null})",
     "limit rate over 5/minute burst 5 drop"},
    {R"({"match":{"op":"==","left":{"&":[{"payload":{"protocol":"tcp","field":"flags"}},["syn","ack"]]},"right":"syn"}},{"ct count":{"val":20,"inv":true}},{"reject":{"type":"tcp reset"}})",
     "tcp flags & syn,ack == syn ct count over 20 reject with tcp reset"},
    {R"({"reject":{"type":"icmp","expr":"host-unreachable"}})", "reject with icmp host-unreachable"},
    {R"({"reject":null})", "reject"},
    {R"({"log":{"prefix":"bad: ","flags":["all"]}})", "log prefix \"bad: \" flags all"},
    {R"({"log":null})", "log"},
    {R"({"quota":{"val":10,"val_unit":"mbytes","inv":true}},{"quota":"q1"},{"counter":"c1"},{"limit":"l1"})",
     "quota over 10 mbytes quota name \"q1\" counter name \"c1\" limit name \"l1\""},
    {R"({"set":{"op":"add","elem":{"payload":{"protocol":"ip","field":"saddr"}},"set":"@dyn","stmt":[{"limit":{"rate":10,"burst":5,"per":"minute"}}]}},{"accept":null})",
     "add @dyn { ip saddr limit rate 10/minute burst 5 } accept"},
    {R"({"vmap":{"key":{"payload":{"protocol":"tcp","field":"dport"}},"data":"@m"}})", "tcp dport vmap @m"},
    {R"({"vmap":{"key":{"payload":{"protocol":"tcp","field":"dport"}},"data":{"set":[[1,{"goto":{"target":"other"}}],[2,{"jump":{"target":"other"}}]]}}})",
     "tcp dport vmap { 1 : goto other, 2 : jump other }"},
    {R"({"match":{"op":"==","left":{"concat":[{"payload":{"protocol":"ip","field":"saddr"}},{"payload":{"protocol":"tcp","field":"dport"}}]},"right":"@concat"}})",
     "ip saddr . tcp dport @concat"},
    {R"({"match":{"op":"<","left":{"numgen":{"mode":"random","mod":10,"offset":0}},"right":3}})",
     "numgen random mod 10 offset 0 < 3"},
    {R"({"mangle":{"key":{"ct":{"key":"mark"}},"value":{"meta":{"key":"mark"}}}})", "ct mark set meta mark"},
    {R"({"ct helper":"ftp"})", "ct helper set ftp"},
    {R"({"match":{"op":"==","left":{"fib":{"result":"oif","flags":["saddr","iif"]}},"right":false}})",
     "fib saddr . iif oif missing"},
    {R"({"match":{"op":"==","left":{"socket":{"key":"transparent"}},"right":1}})", "socket transparent 1"},
    {R"({"match":{"op":"==","left":{"exthdr":{"name":"frag"}},"right":true}})", "exthdr frag exists"},
    {R"({"match":{"op":"!=","left":{"payload":{"protocol":"udp","field":"dport"}},"right":53}})", "udp dport != 53"},
    {R"({"match":{"op":"==","left":{"&":[{"payload":{"base":"nh","offset":8,"len":8}},240]},"right":80}})",
     "@nh,8,8 & 240 == 80"},
    {R"({"masquerade":{"flags":["random"]}})", "masquerade random"},
    {R"({"masquerade":null})", "masquerade"},
    {R"({"snat":{"addr":{"map":{"key":{"payload":{"protocol":"ip","field":"saddr"}},"data":{"set":[["1.1.1.1","2.2.2.2"]]}}}}})",
     "snat to ip saddr map { 1.1.1.1 : 2.2.2.2 }"},
    {R"({"dnat":{"family":"ip","addr":"10.0.0.1","port":8080}})", "dnat ip to 10.0.0.1:8080"},
    {R"({"redirect":{"port":8081}})", "redirect to :8081"},
    {R"({"dnat":{"addr":{"map":{"key":{"jhash":{"mod":2,"expr":{"payload":{"protocol":"ip","field":"saddr"}}}},"data":{"set":[[0,"1.1.1.1"]]}}}}})",
     "dnat to jhash ip saddr mod 2 map { 0 : 1.1.1.1 }"},
    {R"({"queue":{"num":{"range":[3,4]},"flags":["bypass"]}})", "queue num 3-4 flags bypass"},
    {R"({"meter":{"key":{"payload":{"protocol":"ip","field":"saddr"}},"stmt":{"limit":{"rate":5,"burst":5,"per":"second"}},"size":65535,"name":"mm"}})",
     "meter mm size 65535 { ip saddr limit rate 5/second burst 5 }"},
    {R"({"notrack":null},{"flow":{"op":"add","flowtable":"@f"}},{"fwd":{"dev":"lo"}})",
     "notrack flow add @f fwd to device lo"},
    {R"({"xt":{"type":"target","name":"LOG"}},{"synproxy":"s1"})", "xt target LOG synproxy name \"s1\""},
    {R"({"jump":{"target":"other"}})", "jump other"},
    {R"({"iptables":"-A INPUT -m comment --comment \"a b\" -j ACCEPT"},{"accept":null})",
     "-A INPUT -m comment --comment \"a b\" -j ACCEPT"},
};

TEST(RenderRule, WritesWhatPeopleWrite) {
    for (const auto& [json, text] : renderings) EXPECT_EQ(shown(json), text);
}

TEST(RenderRule, ShowsWhatItDoesNotKnowAsJson) {
    EXPECT_EQ(shown(R"({"frobnicate":{"level":9}})"), R"(frobnicate {"level":9})");
    EXPECT_EQ(shown("7,[1,2],null"), "7 1,2 null");
    EXPECT_EQ(shown(R"({"match":{"op":"==","left":{"newthing":{"a":1}},"right":{"x":1,"y":2}}})"),
              R"(newthing {"a":1} {"x":1,"y":2})");
    EXPECT_EQ(shown(R"({"match":7},{"set":3},{"limit":[]},{"iptables":4},{"vmap":"x"})"),
              R"(match 7 set 3 limit [] iptables 4 vmap "x")");
}

TEST(RenderRule, LetsNoTextOfARulePlayTricks) {
    FirewallRule rule;
    rule.expressions =
        parse_json(R"([{"match":{"op":"==","left":{"meta":{"key":"iifname"}},"right":"lo\naccept"}}])").value();
    rule.comment = "\x1b[2J\"";
    EXPECT_EQ(render_rule(rule), R"(iifname "lo\naccept" comment "\x1b[2J\"")");
    EXPECT_THAT(shown(R"({"log":{"prefix":"a\u202eb"}})"), HasSubstr("\\xe2\\x80\\xae"));
}

TEST(RenderRule, IsNeverLong) {
    std::string set = "0";
    for (int i = 1; i < 5000; ++i) set += ',' + std::to_string(i);
    EXPECT_LT(shown(testing::port("{\"set\":[" + set + "]}", testing::accept)).size(), 2100U);
    EXPECT_EQ(shortened("aaé", 3), "aa…");
    EXPECT_EQ(shortened("aaé", 4), "aaé");
}

TEST(RenderObject, TellsWhatItIs) {
    const auto ruleset = testing::filter("");
    std::string all;
    for (const auto& [key, object] : ruleset.objects) all += render_object(key, object) + '\n';
    EXPECT_EQ(all, "table inet filter\nchain inet filter input: hook input, policy drop, prio 0, type filter\n");
}

}  // namespace
}  // namespace agent
