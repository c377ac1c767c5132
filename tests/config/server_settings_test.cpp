#include "config/server_settings.hpp"

#include <chrono>

#include "config_fixture.hpp"

namespace agent {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ServerConfiguration : public testing::ConfigFixture {};

const std::string least = "trust_domain: example.test\ntls: {ca_file: ca.pem, cert_file: s.pem, key_file: s.key}\n";

void expect_defaults(const OrderServerSettings& settings) {
    EXPECT_EQ(settings.listen_address, "127.0.0.1");
    EXPECT_EQ(settings.listen_port, 8443);
    EXPECT_EQ(settings.trust_domain, "example.test");
    EXPECT_EQ(settings.tls.least, TlsVersion::tls13);
    EXPECT_EQ(settings.state_dir, "/var/lib/compliance-server");
    EXPECT_EQ(settings.receipt_key_file, "/var/lib/compliance-server/receipt.key");
    EXPECT_EQ(settings.max_connections, 1024);
    EXPECT_EQ(settings.phase_timeout, 30s);
    EXPECT_EQ(settings.log_level, LogLevel::info);
    EXPECT_EQ(settings.log_target, LogTarget::automatic);
}

TEST_F(ServerConfiguration, HasDefaultsForWhatIsNotGiven) {
    const auto given = server_settings(least);
    expect_defaults(given);
    EXPECT_EQ(given.file, folder.path() / "server.yaml");
    EXPECT_THAT(given.order_keys, IsEmpty());
}

TEST_F(ServerConfiguration, TheSampleFileShowsExactlyTheDefaults) {
    const std::filesystem::path folder_of_sample = std::filesystem::path{TEST_SOURCE_DIR} / "config";
    const auto outcome = load_order_server_settings(folder_of_sample / "server.yaml", FileChecks::none);
    ASSERT_THAT(testing::texts_of(outcome.faults), IsEmpty());
    expect_defaults(*outcome.settings);
    EXPECT_EQ(outcome.settings->tls.ca_file, folder_of_sample / "ca.pem");
    EXPECT_EQ(outcome.settings->tls.cert_file, folder_of_sample / "server.pem");
    EXPECT_EQ(outcome.settings->tls.key_file, folder_of_sample / "server.key");
    EXPECT_THAT(outcome.settings->order_keys, ElementsAre(folder_of_sample / "orders-1.pub"));
}

TEST_F(ServerConfiguration, IsReadKeyByKey) {
    const auto given = server_settings(R"({"listen": "[::1]:0", "trust_domain": "a.example",
"tls": {"ca_file": "ca.pem", "cert_file": "/s.pem", "key_file": "s.key", "min_tls": "1.2"},
"state_dir": "state", "order_keys": ["a.pub", "b.pub"],
"limits": {"max_connections": 1, "phase_timeout": "100ms"}, "log": {"level": "error", "target": "journald"}})");
    EXPECT_EQ(given.listen_address, "::1");
    EXPECT_EQ(given.listen_port, 0);
    EXPECT_EQ(given.trust_domain, "a.example");
    EXPECT_EQ(given.tls.ca_file, folder.path() / "ca.pem");
    EXPECT_EQ(given.tls.cert_file, "/s.pem");
    EXPECT_EQ(given.tls.least, TlsVersion::tls12);
    EXPECT_EQ(given.receipt_key_file, folder.path() / "state/receipt.key");
    EXPECT_THAT(given.order_keys, ElementsAre(folder.path() / "a.pub", folder.path() / "b.pub"));
    EXPECT_EQ(given.max_connections, 1);
    EXPECT_EQ(given.phase_timeout, 100ms);
    EXPECT_EQ(given.log_level, LogLevel::error);
    EXPECT_EQ(given.log_target, LogTarget::journal);
}

TEST_F(ServerConfiguration, NamesEverythingThatIsMissingAtOnce) {
    EXPECT_THAT(server_faults(""), ElementsAre(HasSubstr("tls.ca_file: missing"), HasSubstr("tls.cert_file: missing"),
                                               HasSubstr("tls.key_file: missing"), HasSubstr("trust_domain: missing")));
}

TEST_F(ServerConfiguration, RefusesWrongTypesAndRangesOfEveryKey) {
    const std::vector<std::pair<std::string, std::string>> list{
        {"listen: localhost:8443", "3: listen: the address must be numeric; write address:port"},
        {"listen: 127.0.0.1", "3: listen: the port is missing"},
        {"listen: 127.0.0.1:65536", "3: listen: the port is no number"},
        {"listen: \"::1:8443\"", "3: listen: an IPv6 address is written in brackets"},
        {"listen: 8443", "3: listen: the address must be numeric"},
        {"listen: [a]", "3: listen: must be a single value"},
        {"state_dir: {}", "3: state_dir: must be a single value"},
        {"receipt_key_file: [a]", "3: receipt_key_file: must be a single value"},
        {"order_keys: a.pub", "3: order_keys: must be a list"},
        {"limits: {max_connections: 0}", "3: limits.max_connections: out of range"},
        {"limits: {phase_timeout: 99ms}", "3: limits.phase_timeout: out of range"},
        {"log: {level: all}", "3: log.level: \"all\" is not one of"},
        {"order_key: [a]", "3: order_key: unknown key; did you mean \"order_keys\"?"},
        {"limits: {max_connection: 1}", "3: limits.max_connection: unknown key; did you mean \"max_connections\"?"},
    };
    for (const auto& [text, message] : list) EXPECT_THAT(server_faults(least + text), ElementsAre(StartsWith(message)));
    const std::string tls = "tls: {ca_file: a, cert_file: b, key_file: c";
    EXPECT_THAT(server_faults("trust_domain: a\n" + tls + ", min_tls: 1}\n"),
                ElementsAre(StartsWith("2: tls.min_tls: ")));
    EXPECT_THAT(server_faults("trust_domain: Example.test\n" + tls + "}\n"),
                ElementsAre(StartsWith("1: trust_domain: \"Example.test\" is not of a-z")));
    EXPECT_THAT(server_faults("trust_domain: a\ntls: yes\n"), ElementsAre(StartsWith("2: tls: must be a map")));
}

}  // namespace
}  // namespace agent
