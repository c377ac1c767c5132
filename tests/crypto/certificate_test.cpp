#include "crypto/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_directory.hpp"
#include "support/test_pki.hpp"

namespace agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Certificates : public ::testing::Test {
protected:
    [[nodiscard]] CertificateFacts facts(const testing::CertificateRequest& request) const {
        return load_certificate(folder_.write("cert.pem", pki_.issue(request).certificate_pem)).value();
    }
    testing::TemporaryDirectory folder_;
    testing::TestPki pki_{"Clinic CA"};
};

TEST_F(Certificates, TellSubjectIssuerValidityAndNames) {
    testing::CertificateRequest request;
    request.common_name = "orders, Zürich";
    request.dns_names = {"orders.example.com"};
    request.addresses = {"192.0.2.7", "2001:db8::1"};
    request.uris = {"spiffe://example.test/operator/alice"};
    request.not_before = parse_rfc3339("2025-12-31T23:59:58Z").value();
    request.not_after = parse_rfc3339("2026-02-28T01:02:03Z").value();
    const auto read = facts(request);
    EXPECT_EQ(read.subject, "CN=orders\\, Zürich");
    EXPECT_EQ(read.issuer, "CN=Clinic CA");
    EXPECT_EQ(read.not_before, request.not_before);
    EXPECT_EQ(read.not_after, request.not_after);
    EXPECT_THAT(read.names, ElementsAre("orders.example.com", "192.0.2.7", "2001:db8::1"));
    EXPECT_THAT(read.uris, ElementsAre("spiffe://example.test/operator/alice"));
}

TEST_F(Certificates, ThatAreNoneAreNamedByWhatTheyAre) {
    const auto missing = load_certificate(folder_.path() / "no.pem");
    EXPECT_EQ(missing.error().code(), Errc::not_found);
    EXPECT_THAT(missing.error().message(), HasSubstr("no.pem"));
    const auto key = load_certificate(folder_.write("key.pem", pki_.issue({}).key_pem));
    EXPECT_THAT(key.error().message(), HasSubstr("key.pem: holds a private key, not a certificate"));
    EXPECT_THAT(load_certificate(folder_.write("text.pem", "hello")).error().message(), HasSubstr("no PEM block"));
}

CertificateFacts with(std::vector<std::string> uris) {
    CertificateFacts facts;
    facts.uris = std::move(uris);
    return facts;
}

constexpr std::string_view domain = "example.test";

TEST(Identity, OfAHostIsItsSiteAndName) {
    const auto identity = identity_of(with({"spiffe://example.test/site/clinic-001/host/srv-01.a_b"}), domain);
    ASSERT_TRUE(identity);
    EXPECT_TRUE(identity->is_host());
    EXPECT_EQ(identity->site_id, "clinic-001");
    EXPECT_EQ(identity->host_id, "srv-01.a_b");
    EXPECT_EQ(identity->operator_name, "");
    EXPECT_EQ(identity->trust_domain, domain);
}

TEST(Identity, OfAnOperatorIsAName) {
    const auto identity = identity_of(with({"spiffe://example.test/operator/alice"}), domain);
    ASSERT_TRUE(identity);
    EXPECT_FALSE(identity->is_host());
    EXPECT_EQ(identity->operator_name, "alice");
}

TEST(Identity, IsNobodyWhereTwoAreClaimed) {
    EXPECT_FALSE(
        identity_of(with({"spiffe://example.test/operator/alice", "spiffe://example.test/operator/bob"}), domain));
    EXPECT_FALSE(
        identity_of(with({"spiffe://example.test/operator/a", "spiffe://example.test/site/s/host/h"}), domain));
    EXPECT_FALSE(identity_of(with({"https://example.test/", "spiffe://example.test/operator/alice"}), domain));
    EXPECT_FALSE(identity_of(with({}), domain));
}

TEST(Identity, IsNobodyWhereTheFormIsNotExact) {
    for (const std::string uri : {"",
                                  "spiffe://example.test",
                                  "spiffe://example.test/",
                                  "spiffe://example.test/operator/",
                                  "spiffe://example.test/operator/a/b",
                                  "spiffe://example.test/operator/a b",
                                  "spiffe://example.test/site/s",
                                  "spiffe://example.test/site/s/host/",
                                  "spiffe://example.test/site//host/h",
                                  "spiffe://example.test/site/s/host/h/",
                                  "spiffe://example.test/site/s/host/h/x",
                                  "spiffe://example.test/site/s/host/h?x",
                                  "spiffe://example.test/site/s/host/h%2e",
                                  "SPIFFE://example.test/site/s/host/h",
                                  "spiffe://EXAMPLE.test/site/s/host/h",
                                  "spiffe://example.test.evil/site/s/host/h",
                                  "spiffe://evil/example.test/site/s/host/h",
                                  "spiffe://example.test:443/site/s/host/h",
                                  "spiffe://user@example.test/site/s/host/h",
                                  "https://example.test/site/s/host/h",
                                  " spiffe://example.test/site/s/host/h"})
        EXPECT_FALSE(identity_of(with({uri}), domain)) << uri;
    const std::string with_nul{"spiffe://example.test/operator/alice\0.evil", 42};
    EXPECT_FALSE(identity_of(with({with_nul}), domain));
    EXPECT_FALSE(identity_of(with({"spiffe://example.test/operator/" + std::string(65, 'a')}), domain));
    EXPECT_FALSE(identity_of(with({"spiffe:///operator/alice"}), ""));
}

}  // namespace
}  // namespace agent
