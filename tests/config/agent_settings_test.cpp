#include "config/agent_settings.hpp"

#include <chrono>

#include "config_fixture.hpp"

namespace agent {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::least_agent;
using testing::least_server;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class AgentConfiguration : public testing::ConfigFixture {};

void expect_defaults(const AgentSettings& settings) {
    EXPECT_EQ(settings.site_id, SiteId{"clinic-001"});
    EXPECT_EQ(settings.host_id, HostId{"srv-01"});
    EXPECT_EQ(settings.deployment_mode, DeploymentMode::direct);
    EXPECT_FALSE(settings.reseller_id);
    EXPECT_EQ(settings.state_dir, "/var/lib/compliance-agent");
    EXPECT_EQ(settings.policy_version, "1.0");
    EXPECT_EQ(settings.server.poll_interval, 60s);
    EXPECT_EQ(settings.server.long_poll, 25s);
    EXPECT_EQ(settings.server.timeout, 30s);
    EXPECT_EQ(settings.server.min_tls, TlsVersion::tls13);
    EXPECT_FALSE(settings.server.proxy);
    EXPECT_THAT(settings.server.no_proxy, IsEmpty());
    EXPECT_EQ(settings.server.backoff_base, 1s);
    EXPECT_EQ(settings.server.backoff_cap, 300s);
    EXPECT_EQ(settings.orders.threshold, 1);
    EXPECT_EQ(settings.orders.max_ttl, 86'400s);
    EXPECT_EQ(settings.evidence.key_file, "/var/lib/compliance-agent/evidence.key");
    EXPECT_EQ(settings.evidence.heartbeat, 1h);
    EXPECT_EQ(settings.evidence.keep_bundles, 200);
    EXPECT_EQ(settings.evidence.keep_days, 2190);
    EXPECT_EQ(settings.checks.interval, 5min);
    EXPECT_EQ(settings.checks.timeout, 60s);
    EXPECT_EQ(settings.checks.baseline, "/etc/compliance-agent/baseline.yaml");
    EXPECT_EQ(settings.healing.mode, HealingMode::dry_run);
    EXPECT_EQ(settings.healing.runbooks, "/usr/share/compliance-agent/runbooks");
    EXPECT_FALSE(settings.healing.catalogue);
    EXPECT_THAT(settings.healing.catalogue_keys, IsEmpty());
    EXPECT_THAT(settings.healing.commands, ElementsAre("*"));
    EXPECT_EQ(settings.healing.maintenance_window, "02:00-04:00");
    EXPECT_EQ(settings.healing.cooldown, 10min);
    EXPECT_EQ(settings.healing.max_per_day, 6);
    EXPECT_EQ(settings.log.level, LogLevel::info);
    EXPECT_EQ(settings.log.target, LogTarget::automatic);
}

TEST_F(AgentConfiguration, HasDefaultsForWhatIsNotGiven) {
    const auto given = settings(least_agent);
    expect_defaults(given);
    EXPECT_EQ(given.file, folder.path() / "agent.yaml");
    EXPECT_EQ(given.server.url, "https://orders.example.com");
    EXPECT_EQ(given.server.port, 443);
    EXPECT_THAT(given.orders.keys, IsEmpty());
}

TEST_F(AgentConfiguration, TheSampleFileShowsExactlyTheDefaults) {
    const auto outcome = load_agent_settings(std::filesystem::path{TEST_SOURCE_DIR} / "config/agent.yaml",
                                             FileChecks::none, "not-this-name");
    ASSERT_THAT(testing::texts_of(outcome.faults), IsEmpty());
    const auto& sample = *outcome.settings;
    expect_defaults(sample);
    EXPECT_EQ(sample.server.url, "https://orders.example.com:8443");
    EXPECT_EQ(sample.server.host, "orders.example.com");
    EXPECT_EQ(sample.server.port, 8443);
    EXPECT_EQ(sample.server.ca_file, "/etc/compliance-agent/ca.pem");
    EXPECT_EQ(sample.server.cert_file, "/etc/compliance-agent/client.pem");
    EXPECT_EQ(sample.server.key_file, "/etc/compliance-agent/client.key");
    EXPECT_THAT(sample.server.receipt_keys, ElementsAre("/etc/compliance-agent/receipt.pub"));
    ASSERT_THAT(sample.orders.keys, SizeIs(1));
    EXPECT_EQ(sample.orders.keys[0].file, "/etc/compliance-agent/orders-1.pub");
    EXPECT_THAT(sample.orders.keys[0].runbooks, ElementsAre("*"));
    EXPECT_FALSE(sample.orders.keys[0].not_before);
    EXPECT_EQ(format_rfc3339(*sample.orders.keys[0].not_after), "2027-12-31T00:00:00.000Z");
}

TEST_F(AgentConfiguration, IsReadKeyByKey) {
    const auto given = settings(R"(
site_id: S
host_id: h.1
deployment_mode: reseller
reseller_id: partner-7
state_dir: /srv/state
policy_version: 2.1
server:
  url: https://[::1]:8443/
  ca_file: ca.pem
  cert_file: client.pem
  key_file: client.key
  receipt_keys: [a.pub, /b.pub]
  poll_interval: 100ms
  long_poll: 0s
  timeout: 10m
  min_tls: 1.2
  proxy: http://user:pa%40ss@proxy.example:3128
  no_proxy: [localhost, .internal]
  backoff: {base: 10ms, cap: 10ms}
orders:
  keys:
    - {file: o1.pub, runbooks: [RB-A, RB-B-2], not_before: 2026-01-01T00:00:00Z, not_after: 2026-01-01T00:00:00.5Z}
    - file: o2.pub
  threshold: 2
  max_ttl: 30d
evidence:
  heartbeat: 7d
  retention: {bundles: 1, days: 1}
checks: {interval: 1s, timeout: 100ms, baseline: baseline.yaml}
healing: {mode: enforce, runbooks: runbooks, catalogue: books.dsse, catalogue_keys: [c1.pub, c2.pub],
  commands: [/usr/bin/find, "/bin/["], maintenance_window: null, cooldown: 0s, max_per_day: 0}
log: {level: debug, target: stderr}
)");
    EXPECT_EQ(given.host_id, HostId{"h.1"});
    EXPECT_EQ(given.deployment_mode, DeploymentMode::reseller);
    EXPECT_EQ(given.reseller_id, "partner-7");
    EXPECT_EQ(given.policy_version, "2.1");
    EXPECT_EQ(given.server.url, "https://[::1]:8443");
    EXPECT_EQ(given.server.host, "::1");
    EXPECT_EQ(given.server.port, 8443);
    EXPECT_THAT(given.server.receipt_keys, ElementsAre(folder.path() / "a.pub", "/b.pub"));
    EXPECT_EQ(given.server.poll_interval, 100ms);
    EXPECT_EQ(given.server.long_poll, 0s);
    EXPECT_EQ(given.server.timeout, 10min);
    EXPECT_EQ(given.server.min_tls, TlsVersion::tls12);
    EXPECT_EQ(given.server.proxy, "http://user:pa%40ss@proxy.example:3128");
    EXPECT_THAT(given.server.no_proxy, ElementsAre("localhost", ".internal"));
    EXPECT_EQ(given.server.backoff_base, 10ms);
    EXPECT_EQ(given.server.backoff_cap, 10ms);
    ASSERT_THAT(given.orders.keys, SizeIs(2));
    EXPECT_EQ(given.orders.keys[0].file, folder.path() / "o1.pub");
    EXPECT_EQ(given.orders.keys[0].line, 23);
    EXPECT_THAT(given.orders.keys[0].runbooks, ElementsAre("RB-A", "RB-B-2"));
    EXPECT_EQ(*given.orders.keys[0].not_after - *given.orders.keys[0].not_before, 500ms);
    EXPECT_THAT(given.orders.keys[1].runbooks, ElementsAre("*"));
    EXPECT_EQ(given.orders.threshold, 2);
    EXPECT_EQ(given.orders.max_ttl, std::chrono::days{30});
    EXPECT_EQ(given.evidence.key_file, "/srv/state/evidence.key");
    EXPECT_EQ(given.evidence.keep_bundles, 1);
    EXPECT_EQ(given.evidence.keep_days, 1);
    EXPECT_EQ(given.checks.timeout, 100ms);
    EXPECT_EQ(given.healing.mode, HealingMode::enforce);
    EXPECT_EQ(given.healing.catalogue, folder.path() / "books.dsse");
    EXPECT_THAT(given.healing.catalogue_keys, ElementsAre(folder.path() / "c1.pub", folder.path() / "c2.pub"));
    EXPECT_FALSE(given.healing.maintenance_window);
    EXPECT_NE(given.healing.maintenance_window_line, 0);
    EXPECT_THAT(given.healing.commands, ElementsAre("/usr/bin/find", "/bin/["));
    EXPECT_EQ(given.healing.cooldown, 0s);
    EXPECT_EQ(given.healing.max_per_day, 0);
    EXPECT_EQ(given.log.level, LogLevel::debug);
    EXPECT_EQ(given.log.target, LogTarget::standard_error);
}

TEST_F(AgentConfiguration, TakesPathsRelativeToItsOwnFile) {
    const auto given = settings("state_dir: state\n" + least_agent +
                                "evidence: {key_file: ../keys/evidence.key}\n"
                                "checks: {baseline: baseline.yaml}\nhealing: {runbooks: books}\n");
    EXPECT_EQ(given.state_dir, folder.path() / "state");
    EXPECT_EQ(given.server.ca_file, folder.path() / "ca.pem");
    EXPECT_EQ(given.evidence.key_file, folder.path().parent_path() / "keys/evidence.key");
    EXPECT_EQ(given.checks.baseline, folder.path() / "baseline.yaml");
    EXPECT_EQ(given.healing.runbooks, folder.path() / "books");
}

TEST_F(AgentConfiguration, MayBeJson) {
    const auto given = settings(R"({
  "site_id": "clinic-001", "healing": {"mode": false, "maintenance_window": null},
  "server": {"url": "https://127.0.0.1:1", "ca_file": "ca.pem", "cert_file": "c.pem", "key_file": "c.key",
             "receipt_keys": ["r.pub"], "min_tls": "1.2", "proxy": null},
  "orders": {"keys": [{"file": "o.pub", "not_after": "2027-12-31T00:00:00Z"}], "threshold": 1}
})");
    EXPECT_EQ(given.healing.mode, HealingMode::off);
    EXPECT_FALSE(given.healing.maintenance_window);
    EXPECT_EQ(given.server.min_tls, TlsVersion::tls12);
    EXPECT_TRUE(given.orders.keys.at(0).not_after);
    EXPECT_THAT(faults("{\n\"site_id\": \"clinic-001\",\n\"server\": {}, \"sité\": 1}"), Not(IsEmpty()));
}

TEST_F(AgentConfiguration, TakesHealingOffAsTheWordAndAsFalse) {
    for (const auto* off : {"off", "\"off\"", "false"})
        EXPECT_EQ(settings(least_agent + "healing: {mode: " + off + "}\n").healing.mode, HealingMode::off) << off;
    EXPECT_THAT(faults(least_agent + "healing: {mode: true}\n"), ElementsAre(HasSubstr("off, dry_run, enforce")));
}

TEST_F(AgentConfiguration, UsesTheHostsNameWhereNoneIsGiven) {
    EXPECT_EQ(load(least_agent, FileChecks::none, "web.7").settings->host_id, HostId{"web.7"});
    EXPECT_EQ(load("host_id: own\n" + least_agent, FileChecks::none, "").settings->host_id, HostId{"own"});
    for (const auto* name : {"", "über", "a b"})
        EXPECT_THAT(testing::texts_of(load(least_agent, FileChecks::none, name).faults),
                    ElementsAre(HasSubstr("host_id: missing")));
}

TEST_F(AgentConfiguration, NamesEverythingThatIsMissingAtOnce) {
    EXPECT_THAT(faults(""), ElementsAre(HasSubstr("server.url: missing"), HasSubstr("site_id: missing")));
}

TEST_F(AgentConfiguration, NamesAllFaultsAtOnceInTheOrderOfTheirLines) {
    EXPECT_THAT(
        faults("log: {level: loud}\n" + least_agent + "healing: {mode: enforced}\nevidence: {heartbeat: 1}\npoll: 1\n"),
        ElementsAre(StartsWith("1: log.level: \"loud\" is not one of"),
                    AllOf(StartsWith("4: healing.mode: \"enforced\""), HasSubstr("did you mean \"enforce\"?")),
                    StartsWith("5: evidence.heartbeat: not a duration"), StartsWith("6: poll: unknown key")));
}

TEST_F(AgentConfiguration, SuggestsTheKeyThatWasMeant) {
    const std::vector<std::pair<std::string, std::string>> slips{
        {"healing: {moed: off}\n", "3: healing.moed: unknown key; did you mean \"mode\"?"},
        {"check: {interval: 5m}\n", "3: check: unknown key; did you mean \"checks\"?"},
        {"checks: {intervall: 5m}\n", "3: checks.intervall: unknown key; did you mean \"interval\"?"},
        {"orders: {max_tll: 60s}\n", "3: orders.max_tll: unknown key; did you mean \"max_ttl\"?"},
        {"orders:\n  keys:\n  - {file: a.pub, runbook: [\"*\"]}\n",
         "5: orders.keys[0].runbook: unknown key; did you mean \"runbooks\"?"},
        {"evidence: {retention: {bundle: 1}}\n",
         "3: evidence.retention.bundle: unknown key; did you mean \"bundles\"?"},
        {"log: {levle: info}\n", "3: log.levle: unknown key; did you mean \"level\"?"},
        {"siteid: x\n", "3: siteid: unknown key; did you mean \"site_id\"?"}};
    for (const auto& [text, expected] : slips) EXPECT_THAT(faults(least_agent + text), ElementsAre(expected));
    EXPECT_THAT(faults("site_id: a\n" + least_server + ", bakoff: {}, backoff: {bas: 1s}}\n"),
                ElementsAre("2: server.backoff.bas: unknown key; did you mean \"base\"?",
                            "2: server.bakoff: unknown key; did you mean \"backoff\"?"));
}

struct Bad {
    std::string text;     // behind least_agent, so it begins in line 3
    std::string message;  // how the one fault begins
};

TEST_F(AgentConfiguration, RefusesWrongTypesAndRangesOfEveryKey) {
    const std::vector<Bad> list{
        {"host_id: a/b", "3: host_id: \"a/b\" is not 1 to 64"},
        {"host_id: [a]", "3: host_id: must be a single value"},
        {"deployment_mode: directly", "3: deployment_mode: \"directly\" is not one of direct, reseller"},
        {"deployment_mode: reseller", "3: deployment_mode: reseller needs the key reseller_id"},
        {"deployment_mode: reseller\nreseller_id: null", "3: deployment_mode: reseller needs the key reseller_id"},
        {"deployment_mode: reseller\nreseller_id: a b", "4: reseller_id: \"a b\" is not 1 to 64"},
        {"reseller_id: partner-7", "3: reseller_id: has a meaning only with deployment_mode: reseller"},
        {"state_dir: \"\"", "3: state_dir: must not be empty"},
        {"policy_version: {}", "3: policy_version: must be a single value, not a map"},
        {"orders: []", "3: orders: must be a map"},
        {"orders: {keys: a.pub}", "3: orders.keys: must be a list"},
        {"orders: {keys: [a.pub]}", "3: orders.keys[0]: must be a map"},
        {"orders: {keys: [{runbooks: [\"*\"]}]}", "3: orders.keys[0].file: missing"},
        {"orders: {keys: [{file: a, runbooks: \"*\"}]}", "3: orders.keys[0].runbooks: must be a list"},
        {"orders: {keys: [{file: a, runbooks: []}]}", "3: orders.keys[0].runbooks: names none"},
        {"orders: {keys: [{file: a, runbooks: [RB-*]}]}", "3: orders.keys[0].runbooks: \"RB-*\" is neither"},
        {"orders: {keys: [{file: a, runbooks: [RB-]}]}", "3: orders.keys[0].runbooks: \"RB-\" is neither"},
        {"orders: {keys: [{file: a, runbooks: [rb-a]}]}", "3: orders.keys[0].runbooks: \"rb-a\" is neither"},
        {"orders: {keys: [{file: a, not_after: 2027-12-31}]}",
         "3: orders.keys[0].not_after: \"2027-12-31\" is not a time"},
        {"orders: {keys: [{file: a, not_before: 2027-12-31T00:00:00+01:00}]}", "3: orders.keys[0].not_before: "},
        {"orders: {keys: [{file: a, not_before: 2027-01-01T00:00:00Z, not_after: 2026-01-01T00:00:00Z}]}",
         "3: orders.keys[0].not_after: is before not_before"},
        {"orders: {threshold: 0}", "3: orders.threshold: out of range"},
        {"orders: {threshold: one}", "3: orders.threshold: not an integer"},
        {"orders: {keys: [{file: a}], threshold: 2}", "3: orders.threshold: 2 is more than the number of keys, 1"},
        {"orders: {max_ttl: 59s}", "3: orders.max_ttl: out of range"},
        {"orders: {max_ttl: 31d}", "3: orders.max_ttl: out of range"},
        {"orders: {max_ttl: 86400}", "3: orders.max_ttl: not a duration"},
        {"evidence: no", "3: evidence: must be a map"},
        {"evidence: {key_file: [a]}", "3: evidence.key_file: must be a single value, not a list"},
        {"evidence: {heartbeat: 999ms}", "3: evidence.heartbeat: out of range"},
        {"evidence: {heartbeat: 366d}", "3: evidence.heartbeat: out of range"},
        {"evidence: {retention: 200}", "3: evidence.retention: must be a map"},
        {"evidence: {retention: {bundles: 0}}", "3: evidence.retention.bundles: out of range"},
        {"evidence: {retention: {bundles: 1.5}}", "3: evidence.retention.bundles: not an integer"},
        {"evidence: {retention: {days: 0}}", "3: evidence.retention.days: out of range"},
        {"checks: {interval: 999ms}", "3: checks.interval: out of range"},
        {"checks: {interval: 366d}", "3: checks.interval: out of range"},
        {"checks: {timeout: 99ms}", "3: checks.timeout: out of range"},
        {"checks: {timeout: 1 min}", "3: checks.timeout: unknown unit"},
        {"checks: {baseline: {}}", "3: checks.baseline: must be a single value"},
        {"healing: {runbooks: [a]}", "3: healing.runbooks: must be a single value"},
        {"healing: {catalogue: a.dsse}", "3: healing.catalogue: needs the key catalogue_keys"},
        {"healing: {catalogue: a.dsse, catalogue_keys: []}", "3: healing.catalogue: needs the key catalogue_keys"},
        {"healing: {catalogue: [a], catalogue_keys: [a.pub]}", "3: healing.catalogue: must be a single value"},
        {"healing: {catalogue_keys: [a.pub]}", "3: healing.catalogue_keys: has a meaning only with the key catalogue"},
        {"healing: {catalogue: null, catalogue_keys: [a.pub]}", "3: healing.catalogue_keys: has a meaning only"},
        {"healing: {commands: /bin/true}", "3: healing.commands: must be a list"},
        {"healing: {commands: [true]}", "3: healing.commands: \"true\" is neither the absolute path of a program"},
        {"healing: {commands: [/bin/]}", "3: healing.commands: \"/bin/\" is neither"},
        {"healing: {commands: [/bin/../bin/true]}", "3: healing.commands: \"/bin/../bin/true\" is neither"},
        {"healing: {commands: [/bin//true]}", "3: healing.commands: \"/bin//true\" is neither"},
        {"healing: {commands: [/bin/*]}", "3: healing.commands: \"/bin/*\" is a pattern"},
        {"healing: {maintenance_window: [a]}", "3: healing.maintenance_window: must be a single value"},
        {"healing: {cooldown: 31d}", "3: healing.cooldown: out of range"},
        {"healing: {cooldown: -1s}", "3: healing.cooldown: not a duration"},
        {"healing: {max_per_day: 10001}", "3: healing.max_per_day: out of range"},
        {"healing: {max_per_day: -1}", "3: healing.max_per_day: out of range"},
        {"log: {level: warn}", "3: log.level: \"warn\" is not one of debug, info, warning, error"},
        {"log: {target: journal}", "3: log.target: \"journal\" is not one of auto, journald, stderr; did you mean"},
    };
    for (const auto& bad : list) EXPECT_THAT(faults(least_agent + bad.text), ElementsAre(StartsWith(bad.message)));
}

TEST_F(AgentConfiguration, RefusesWrongTypesAndRangesOfTheServerSection) {
    const std::vector<Bad> list{
        {"poll_interval: 99ms", "3: server.poll_interval: out of range"},
        {"poll_interval: 8d", "3: server.poll_interval: out of range"},
        {"long_poll: 61s", "3: server.long_poll: out of range"},
        {"timeout: 99ms", "3: server.timeout: out of range"},
        {"timeout: 11m", "3: server.timeout: out of range"},
        {"min_tls: 1.1", "3: server.min_tls: \"1.1\" is not one of 1.2, 1.3"},
        {"no_proxy: localhost", "3: server.no_proxy: must be a list"},
        {"backoff: 1s", "3: server.backoff: must be a map"},
        {"backoff: {base: 9ms}", "3: server.backoff.base: out of range"},
        {"backoff: {base: 2s, cap: 1s}", "3: server.backoff.cap: 1s is less than base, 2s"},
        {"backoff: {base: 10m}", "3: server.backoff.cap: 5m is less than base, 10m"},
    };
    for (const auto& bad : list)
        EXPECT_THAT(faults("site_id: a\n" + least_server + ",\n" + bad.text + "}\n"),
                    ElementsAre(StartsWith(bad.message)));
}

TEST_F(AgentConfiguration, WantsAtLeastOneReceiptKey) {
    const std::string rest = "site_id: a\nserver: {url: \"https://h\", ca_file: a, cert_file: b, key_file: c, ";
    EXPECT_THAT(faults(rest + "receipt_keys: []}"), ElementsAre(StartsWith("2: server.receipt_keys: at least one")));
    EXPECT_THAT(faults(rest + "receipt_keys: r.pub}"),
                ElementsAre(StartsWith("2: server.receipt_keys: must be a list")));
    EXPECT_THAT(faults(rest + "receipt_keys: [\"\"]}"), ElementsAre(StartsWith("2: server.receipt_keys: an item")));
}

TEST_F(AgentConfiguration, RefusesBadServerUrlsAndSaysTheForm) {
    for (const auto* url : {"http://h", "orders.example.com", "https://", "https://h/api", "https://h?x", "https://h:0",
                            "https://h:65536", "https://h:", "https://u:p@h", "https://::1", "https://[::1",
                            "https://[x]", "https://a b", "https://-a", "https://a..b", "https://h:1x"}) {
        const auto found =
            faults("site_id: a\nserver: {ca_file: a, cert_file: b, key_file: c, receipt_keys: [r],\nurl: \"" +
                   std::string{url} + "\"}\n");
        EXPECT_THAT(found, ElementsAre(StartsWith("3: server.url: "))) << url;
    }
}

TEST_F(AgentConfiguration, NeverRepeatsAProxysPassword) {
    for (const auto* proxy :
         {"http://user:s3cret@proxy", "https://user:s3cret@proxy:1", "http://user:s3cret@:1",
          "http://user:s3cret@p:99999", "http://us er:s3cret@proxy:1", "http://user:s3cret%4@proxy:1",
          "http://user:s3cret/@proxy:1", "user:s3cret@proxy:1", "http://user:s3cret@p:1/path", "http://:s3cret@p:1"}) {
        const auto found = faults("site_id: a\n" + least_server + ",\nproxy: \"" + proxy + "\"}\n");
        EXPECT_THAT(found, ElementsAre(StartsWith("3: server.proxy: "))) << proxy;
        EXPECT_THAT(found, Each(Not(HasSubstr("s3cret"))));
    }
    for (const auto* proxy : {"http://proxy:3128", "http://proxy:3128/", "http://user@[::1]:1"})
        EXPECT_EQ(settings("site_id: a\n" + least_server + ", proxy: \"" + proxy + "\"}\n").server.proxy, proxy);
}

TEST_F(AgentConfiguration, RefusesAFileThatIsNoMapOrNoYaml) {
    EXPECT_THAT(faults("- a\n"), ElementsAre(HasSubstr("must be a map")));
    EXPECT_THAT(faults("site_id: a\nsite_id: b\n"), ElementsAre(AllOf(StartsWith("2: "), HasSubstr("duplicate key"))));
    const auto missing = load_agent_settings(folder.path() / "none.yaml", FileChecks::none, "h");
    EXPECT_FALSE(missing.settings);
    EXPECT_THAT(testing::texts_of(missing.faults), ElementsAre(HasSubstr("none.yaml: No such file")));
}

}  // namespace
}  // namespace agent
