#pragma once
// A certificate authority of the test's own. Programs that use it list "../support/test_pki.cpp" in SOURCES and
// depend on crypto.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace agent::testing {

// What a certificate is to say. Times default to a year around the real now, since TLS looks at the real clock.
struct CertificateRequest {
    std::string common_name{"test"};
    std::vector<std::string> uris;       // URI SANs: "spiffe://example.test/site/clinic-001/host/srv-01"
    std::vector<std::string> dns_names;  // DNS SANs
    std::vector<std::string> addresses;  // IP SANs: "127.0.0.1"
    WallTime not_before{};               // the epoch stands for a year ago
    WallTime not_after{};                // the epoch stands for a year ahead
    bool may_serve{true};                // extended key usage serverAuth
    bool may_call{true};                 // extended key usage clientAuth
};

// A certificate with its private key, in PEM.
struct IssuedCertificate {
    std::string certificate_pem;
    std::string key_pem;

    // Writes `<folder>/<name>.pem` and `<folder>/<name>.key` (0600), replacing what is there.
    void write(const std::filesystem::path& folder, const std::string& name) const;
};

class TestPki {
public:
    explicit TestPki(const std::string& common_name = "test CA");
    TestPki(const TestPki&) = delete;
    TestPki& operator=(const TestPki&) = delete;
    TestPki(TestPki&&) = delete;
    TestPki& operator=(TestPki&&) = delete;
    ~TestPki();

    [[nodiscard]] std::string ca_pem() const;
    [[nodiscard]] std::filesystem::path write_ca(const std::filesystem::path& file) const;

    [[nodiscard]] IssuedCertificate issue(const CertificateRequest& request) const;
    // Good for localhost, 127.0.0.1 and ::1.
    [[nodiscard]] IssuedCertificate issue_server(const std::string& common_name = "localhost") const;
    [[nodiscard]] IssuedCertificate issue_host(const std::string& site_id, const std::string& host_id,
                                               const std::string& trust_domain = "example.test") const;
    [[nodiscard]] IssuedCertificate issue_operator(const std::string& name,
                                                   const std::string& trust_domain = "example.test") const;

private:
    struct Authority;
    std::unique_ptr<Authority> authority_;
};

}  // namespace agent::testing
