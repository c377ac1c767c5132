// The files that configurations name: real keys, real certificates, real permissions.
#include "config/file_checks.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "config_fixture.hpp"
#include "crypto/ed25519.hpp"
#include "support/test_pki.hpp"

namespace agent {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

PrivateKey new_key() {
    auto key = PrivateKey::generate();
    EXPECT_TRUE(key.has_value());
    return std::move(key).value();
}

// A folder in which everything is as it should be; each test breaks one thing.
class ConfiguredFiles : public testing::ConfigFixture {
protected:
    ConfiguredFiles() {
        static_cast<void>(pki.write_ca(folder.path() / "ca.pem"));
        pki.issue_host("clinic-001", "srv-01").write(folder.path(), "client");
        pki.issue_server().write(folder.path(), "server");
        folder.write("receipt.pub", new_key().public_key().to_pem());
        folder.write("orders.pub", order_key);
        folder.write("baseline.yaml", "");
        std::filesystem::create_directory(folder.path() / "runbooks");
    }
    [[nodiscard]] std::vector<std::string> agent_faults(FileChecks checks = FileChecks::all) const {
        return short_texts(load(agent_text, checks).faults);
    }
    [[nodiscard]] std::vector<std::string> server_file_faults() const {
        return short_texts(load_server(server_text, FileChecks::all).faults);
    }
    void remove(const std::string& name) const { std::filesystem::remove_all(folder.path() / name); }
    void set_mode(const std::string& name, mode_t mode) const {
        EXPECT_EQ(::chmod((folder.path() / name).c_str(), mode), 0);
    }
    [[nodiscard]] std::string place_of(const std::string& name) const { return (folder.path() / name).string(); }

    testing::TestPki pki;
    std::string order_key = new_key().public_key().to_pem();
    std::string agent_text = R"(site_id: clinic-001
state_dir: .
server:
  url: https://localhost
  ca_file: ca.pem
  cert_file: client.pem
  key_file: client.key
  receipt_keys:
    - receipt.pub
orders:
  keys:
    - file: orders.pub
checks:
  baseline: baseline.yaml
healing:
  runbooks: runbooks
)";
    std::string server_text = R"(trust_domain: example.test
tls:
  ca_file: ca.pem
  cert_file: server.pem
  key_file: server.key
state_dir: .
order_keys:
  - orders.pub
)";
};

TEST_F(ConfiguredFiles, AreFineWhereAllAreThere) {
    EXPECT_THAT(agent_faults(), IsEmpty());
    EXPECT_TRUE(load(agent_text, FileChecks::all).settings);
    EXPECT_THAT(server_file_faults(), IsEmpty());
}

TEST_F(ConfiguredFiles, AreEachNamedWithLineAndKeyWhereTheyAreMissing) {
    for (const auto* name :
         {"ca.pem", "client.pem", "client.key", "receipt.pub", "orders.pub", "baseline.yaml", "runbooks"})
        remove(name);
    const auto missing = [this](const std::string& start, const std::string& name) {
        return start + ": " + place_of(name) + ": no such file or folder";
    };
    EXPECT_THAT(
        agent_faults(),
        ElementsAre(missing("5: server.ca_file", "ca.pem"), missing("6: server.cert_file", "client.pem"),
                    missing("7: server.key_file", "client.key"), missing("9: server.receipt_keys[0]", "receipt.pub"),
                    missing("12: orders.keys[0].file", "orders.pub"), missing("14: checks.baseline", "baseline.yaml"),
                    missing("16: healing.runbooks", "runbooks")));
    EXPECT_THAT(agent_faults(FileChecks::operator_side), ::testing::SizeIs(3));
    EXPECT_THAT(agent_faults(FileChecks::none), IsEmpty());
}

TEST_F(ConfiguredFiles, AreReportedTogetherWithFaultsOfTheText) {
    remove("ca.pem");
    agent_text += "log: {level: loud}\n";
    EXPECT_THAT(agent_faults(), ElementsAre(StartsWith("5: server.ca_file"), StartsWith("17: log.level")));
}

TEST_F(ConfiguredFiles, MayBeMissingWhereOnlyTheDefaultNamesThem) {
    agent_text.resize(agent_text.find("healing:"));
    EXPECT_THAT(agent_faults(), IsEmpty());
    agent_text += "healing: {runbooks: /usr/share/compliance-agent/no-such-runbooks}\n";
    EXPECT_THAT(agent_faults(), ElementsAre(HasSubstr("no-such-runbooks: no such file or folder")));
}

TEST_F(ConfiguredFiles, MustHoldWhatTheyAreFor) {
    folder.write("ca.pem", "rubbish");
    folder.write("receipt.pub", pki.ca_pem());
    folder.write("orders.pub", "-----BEGIN PUBLIC KEY-----\nrubbish\n-----END PUBLIC KEY-----\n");
    std::filesystem::remove(folder.path() / "baseline.yaml");
    std::filesystem::create_directory(folder.path() / "baseline.yaml");
    remove("runbooks");
    folder.write("runbooks", "");
    EXPECT_THAT(agent_faults(),
                ElementsAre(AllOf(StartsWith("5: server.ca_file: "), HasSubstr(place_of("ca.pem"))),
                            AllOf(StartsWith("9: server.receipt_keys[0]: "), HasSubstr("a certificate")),
                            AllOf(StartsWith("12: orders.keys[0].file: "), HasSubstr(place_of("orders.pub"))),
                            AllOf(StartsWith("14: checks.baseline: "), HasSubstr("is a folder, not a file")),
                            AllOf(StartsWith("16: healing.runbooks: "), HasSubstr("is not a folder"))));
}

TEST_F(ConfiguredFiles, AKeyThatIsNotTheCertificatesIsAFaultOfTheKey) {
    pki.issue_host("clinic-001", "srv-02").write(folder.path(), "other");
    std::filesystem::rename(folder.path() / "other.key", folder.path() / "client.key");
    EXPECT_THAT(agent_faults(), ElementsAre(StartsWith("7: server.key_file: " + place_of("client.key"))));
    std::filesystem::copy_file(folder.path() / "client.key", folder.path() / "server.key",
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_THAT(server_file_faults(), ElementsAre(StartsWith("5: tls.key_file: " + place_of("server.key"))));
}

TEST_F(ConfiguredFiles, ADamagedSecondAnchorIsAFaultOfTheAnchors) {
    folder.write("ca.pem", pki.ca_pem() + "-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n");
    EXPECT_THAT(agent_faults(), ElementsAre(StartsWith("5: server.ca_file: " + place_of("ca.pem"))));
}

TEST_F(ConfiguredFiles, KeysThatOthersMayReadAreFaultsWithTheRemedy) {
    set_mode("client.key", 0640);
    ASSERT_FALSE(save_key_pair(new_key(), place_of("evidence.key"), place_of("evidence.pub")).has_error());
    EXPECT_THAT(agent_faults(), ElementsAre(AllOf(StartsWith("7: server.key_file: "), HasSubstr("mode 0640"),
                                                  HasSubstr("chmod 600 " + place_of("client.key")))));
    set_mode("evidence.key", 0604);
    set_mode("client.key", 0400);
    EXPECT_THAT(agent_faults(), ElementsAre(AllOf(StartsWith("0: evidence.key_file: "), HasSubstr("mode 0604"))));
}

TEST_F(ConfiguredFiles, AnEvidenceKeyMayBeMissingButMustBeOneIfThere) {
    agent_text += "evidence:\n  key_file: evidence.key\n";
    EXPECT_THAT(agent_faults(), IsEmpty());
    folder.write("evidence.key", order_key);
    set_mode("evidence.key", 0600);
    EXPECT_THAT(agent_faults(), ElementsAre(StartsWith("18: evidence.key_file: " + place_of("evidence.key"))));
    remove("evidence.key");
    folder.write("receipt.key", order_key);
    set_mode("receipt.key", 0600);
    EXPECT_THAT(server_file_faults(), ElementsAre(StartsWith("0: receipt_key_file: " + place_of("receipt.key"))));
}

TEST_F(ConfiguredFiles, ThatThisUserMayNotReadAreFaultsThatSaySoButNotTheDaemonsKeys) {
    // The tests may run as root, who may read everything: then as nobody for a moment.
    constexpr uid_t nobody = 65534;
    const bool root = ::geteuid() == 0;
    set_mode("orders.pub", 0);
    set_mode("client.key", 0600);
    const auto file = folder.write("agent.yaml", agent_text);
    ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
    if (root) {
        ASSERT_EQ(::seteuid(nobody), 0);
    }
    const auto user = std::to_string(::geteuid());
    const auto outcome = load_agent_settings(file, FileChecks::all, "srv-01");
    const auto as_operator = load_agent_settings(file, FileChecks::operator_side, "srv-01");
    const auto offline = load_agent_settings(file, FileChecks::none, "srv-01");
    const auto closed_keys = closed_keys_of(offline.settings.value());
    if (root) {
        ASSERT_EQ(::seteuid(0), 0);
    }
    const auto found = short_texts(outcome.faults);
    const auto closed = place_of("orders.pub") + ": user " + user +
                        " may not read it (permission denied on the file or " + "a folder above it)";
    EXPECT_THAT(found, ElementsAre("12: orders.keys[0].file: " + closed));
    if (root) {
        EXPECT_THAT(short_texts(as_operator.faults), ElementsAre(HasSubstr("client.key: user 65534 may not read it")));
        EXPECT_THAT(short_texts(closed_keys), ElementsAre(StartsWith("0: server.key_file: " + place_of("client.key"))));
    } else {
        EXPECT_THAT(closed_keys, IsEmpty());
    }
}

}  // namespace
}  // namespace agent
