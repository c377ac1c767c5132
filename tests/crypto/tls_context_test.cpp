#include "crypto/tls_context.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <array>
#include <chrono>

#include "support/temporary_directory.hpp"
#include "support/test_pki.hpp"

namespace agent {
namespace {

using ::testing::AllOf;
using testing::CertificateRequest;
using ::testing::HasSubstr;
using testing::IssuedCertificate;
using testing::TestPki;
using Ssl = Handle<SSL, &SSL_free>;
using Session = Handle<SSL_SESSION, &SSL_SESSION_free>;

// How one end's last step went.
struct End {
    explicit End(SSL_CTX* context) : ssl{SSL_new(context)} {}
    void step(int (*work)(SSL*)) {
        if (done || error != 0) return;
        ERR_clear_error();
        const int result = work(ssl.get());
        if (result == 1) {
            done = true;
            return;
        }
        const int why = SSL_get_error(ssl.get(), result);
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return;
        error = ERR_peek_error();
        ERR_clear_error();
    }
    // The words of the failure; empty where there was none.
    [[nodiscard]] std::string words(std::string_view peer) const {
        return error == 0 ? std::string{} : describe_tls_failure(ssl.get(), error, peer);
    }

    Ssl ssl;
    bool done{false};
    unsigned long error{0};
};

int read_one_byte(SSL* ssl) {
    char byte{};
    return SSL_read(ssl, &byte, 1);
}

// Two ends joined in memory.
struct Pair {
    Pair(SSL_CTX* client_context, SSL_CTX* server_context, const std::string& name)
        : client{client_context}, server{server_context} {
        BIO* ours = nullptr;
        BIO* theirs = nullptr;
        BIO_new_bio_pair(&ours, 0, &theirs, 0);
        SSL_set_bio(client.ssl.get(), ours, ours);
        SSL_set_bio(server.ssl.get(), theirs, theirs);
        SSL_set_connect_state(client.ssl.get());
        SSL_set_accept_state(server.ssl.get());
        if (name.empty()) return;
        EXPECT_TRUE(expect_peer_name(client.ssl.get(), name));
    }
    // The handshake, then the server's first byte to the client: where TLS 1.3 tells of a refused certificate.
    void meet() {
        for (int round = 0; round < 8; ++round) {
            client.step(&SSL_do_handshake);
            server.step(&SSL_do_handshake);
        }
        if (!client.done || client.error != 0) return;
        if (server.done) SSL_write(server.ssl.get(), "x", 1);
        client.done = false;
        client.step(&read_one_byte);
    }

    End client;
    End server;
};

class Tls : public ::testing::Test {
protected:
    TlsFiles store(const std::string& name, const TestPki& trusted, const IssuedCertificate& own) {
        own.write(folder_.path(), name);
        TlsFiles files;
        files.ca_file = trusted.write_ca(folder_.path() / (name + "-ca.pem"));
        files.cert_file = folder_.path() / (name + ".pem");
        files.key_file = folder_.path() / (name + ".key");
        return files;
    }
    TlsFiles good_client() { return store("client", pki_, pki_.issue_host("clinic-001", "srv-01")); }
    TlsFiles good_server() { return store("server", pki_, pki_.issue_server("orders")); }
    static Pair meet(const TlsFiles& client, const TlsFiles& server, const std::string& name = "localhost") {
        const auto client_context = client_tls_context(client).value();
        const auto server_context = server_tls_context(server).value();
        Pair pair{client_context.get(), server_context.get(), name};
        pair.meet();
        return pair;
    }
    static std::string why_not(const TlsFiles& files) {
        const auto context = client_tls_context(files);
        return context.has_error() ? context.error().message() : "nothing wrong";
    }
    static WallTime days_from_now(int days) {
        return std::chrono::floor<Duration>(std::chrono::system_clock::now() + std::chrono::days{days});
    }

    testing::TemporaryDirectory folder_;
    TestPki pki_{"Clinic CA"};
    TestPki stranger_{"Stranger CA"};
    static constexpr std::string_view peer_ = "orders.example.com:8443";
};

TEST_F(Tls, JoinsTwoEndsThatTrustEachOther) {
    const auto pair = meet(good_client(), good_server());
    EXPECT_TRUE(pair.client.done);
    EXPECT_TRUE(pair.server.done);
    EXPECT_STREQ(SSL_get_version(pair.client.ssl.get()), "TLSv1.3");
    EXPECT_NE(SSL_get0_peer_certificate(pair.server.ssl.get()), nullptr);
}

TEST_F(Tls, ChecksAnAddressAgainstTheAddressesOfTheCertificate) {
    EXPECT_TRUE(meet(good_client(), good_server(), "127.0.0.1").client.done);
    EXPECT_TRUE(meet(good_client(), good_server(), "::1").client.done);
    const auto pair = meet(good_client(), good_server(), "127.0.0.2");
    EXPECT_THAT(pair.client.words("127.0.0.2:8443"), HasSubstr("is for localhost, 127.0.0.1, ::1, not for 127.0.0.2"));
}

TEST_F(Tls, NamesTheCertificateThatIsNotTrusted) {
    const auto server = store("server", pki_, stranger_.issue_server("orders"));
    const auto pair = meet(good_client(), server);
    EXPECT_EQ(pair.client.words(peer_),
              "the certificate of orders.example.com:8443 (CN=orders, issued by CN=Stranger CA) is not trusted: unable "
              "to get local issuer certificate; check server.ca_file");
    // The server hears of it by an alert.
    EXPECT_THAT(pair.server.words("10.0.0.2:3344"),
                AllOf(HasSubstr("10.0.0.2:3344 refused our certificate (CN=orders"), HasSubstr("unknown ca")));
}

TEST_F(Tls, NamesTheDayOnWhichTheServersCertificateExpired) {
    CertificateRequest request;
    request.common_name = "orders";
    request.dns_names = {"localhost"};
    request.not_before = parse_rfc3339("2025-01-01T00:00:00Z").value();
    request.not_after = parse_rfc3339("2026-01-01T00:00:00Z").value();
    const auto pair = meet(good_client(), store("server", pki_, pki_.issue(request)));
    EXPECT_EQ(pair.client.words(peer_),
              "the certificate of orders.example.com:8443 (CN=orders, issued by CN=Clinic CA) "
              "expired on 2026-01-01T00:00:00.000Z");
    EXPECT_THAT(pair.server.words("10.0.0.2:3344"), HasSubstr("certificate expired"));
}

TEST_F(Tls, NamesTheDayFromWhichTheServersCertificateIsValid) {
    CertificateRequest request;
    request.dns_names = {"localhost"};
    request.not_before = days_from_now(10);
    request.not_after = days_from_now(20);
    const auto pair = meet(good_client(), store("server", pki_, pki_.issue(request)));
    EXPECT_THAT(pair.client.words(peer_), AllOf(HasSubstr("is not valid before"), HasSubstr("clock")));
}

TEST_F(Tls, NamesWhomTheServersCertificateIsFor) {
    CertificateRequest request;
    request.common_name = "orders.example.com";  // a common name alone counts for nothing
    request.dns_names = {"other.example"};
    const auto pair = meet(good_client(), store("server", pki_, pki_.issue(request)), "orders.example.com");
    EXPECT_EQ(pair.client.words(peer_),
              "the certificate of orders.example.com:8443 (CN=orders.example.com, issued by CN=Clinic CA) is for "
              "other.example, not for orders.example.com");
}

TEST_F(Tls, RefusesAClientsCertificateInTheServersPlace) {
    CertificateRequest request;
    request.dns_names = {"localhost"};
    request.may_serve = false;
    const auto pair = meet(good_client(), store("server", pki_, pki_.issue(request)));
    EXPECT_THAT(pair.client.words(peer_), HasSubstr("is not meant for a TLS server"));
}

TEST_F(Tls, TellsBothEndsWhyAClientWasRefused) {
    const auto client = store("client", pki_, stranger_.issue_host("clinic-001", "srv-01"));
    const auto pair = meet(client, good_server());
    EXPECT_THAT(pair.client.words(peer_),
                AllOf(HasSubstr("orders.example.com:8443 refused our certificate (CN=srv-01, issued by CN=Stranger CA, "
                                "expires "),
                      HasSubstr("): unknown ca")));
    EXPECT_THAT(pair.server.words("10.0.0.2:3344"),
                AllOf(HasSubstr("the client certificate of 10.0.0.2:3344 (CN=srv-01, issued by CN=Stranger CA) is not "
                                "trusted"),
                      HasSubstr("check tls.ca_file")));
}

TEST_F(Tls, TellsAClientThatItsCertificateExpired) {
    CertificateRequest request;
    request.common_name = "srv-01";
    request.not_before = days_from_now(-20);
    request.not_after = days_from_now(-10);
    const auto pair = meet(store("client", pki_, pki_.issue(request)), good_server());
    EXPECT_THAT(pair.client.words(peer_), HasSubstr("): certificate expired"));
    EXPECT_THAT(pair.server.words("10.0.0.2:3344"), HasSubstr("expired on"));
}

TEST_F(Tls, RequiresAClientCertificate) {
    const auto server_context = server_tls_context(good_server()).value();
    const TlsContext bare{SSL_CTX_new(TLS_client_method())};
    Pair pair{bare.get(), server_context.get(), {}};
    pair.meet();
    EXPECT_FALSE(pair.server.done);
    EXPECT_EQ(pair.server.words("10.0.0.2:3344"), "10.0.0.2:3344 sent no client certificate");
    EXPECT_THAT(pair.client.words(peer_), HasSubstr("certificate required"));
}

TEST_F(Tls, RefusesAPeerOfAnOlderVersionInWords) {
    const auto client_context = client_tls_context(good_client()).value();
    const auto server_context = server_tls_context(good_server()).value();
    const TlsContext old_server{SSL_CTX_new(TLS_server_method())};
    SSL_CTX_set_max_proto_version(old_server.get(), TLS1_2_VERSION);
    Pair with_old_server{client_context.get(), old_server.get(), {}};
    with_old_server.meet();
    EXPECT_EQ(with_old_server.client.words(peer_), "orders.example.com:8443 speaks no TLS 1.3 (protocol version)");

    const TlsContext old_client{SSL_CTX_new(TLS_client_method())};
    SSL_CTX_set_max_proto_version(old_client.get(), TLS1_2_VERSION);
    Pair with_old_client{old_client.get(), server_context.get(), {}};
    with_old_client.meet();
    EXPECT_EQ(with_old_client.server.words("10.0.0.2:3344"), "10.0.0.2:3344 speaks no TLS 1.3 (protocol version)");
}

TEST_F(Tls, SpeaksVersion12OnlyWhereTheConfigurationSaysSo) {
    auto files = good_client();
    files.least = TlsVersion::tls12;
    auto server_files = good_server();
    server_files.least = TlsVersion::tls12;
    const auto client_context = client_tls_context(files).value();
    const auto server_context = server_tls_context(server_files).value();
    SSL_CTX_set_max_proto_version(server_context.get(), TLS1_2_VERSION);
    Pair pair{client_context.get(), server_context.get(), "localhost"};
    pair.meet();
    EXPECT_TRUE(pair.client.done);
    EXPECT_STREQ(SSL_get_version(pair.client.ssl.get()), "TLSv1.2");
}

TEST_F(Tls, SaysThatAPeerSpeaksNoTlsAtAll) {
    const auto context = client_tls_context(good_client()).value();
    End client{context.get()};
    SSL_set_bio(client.ssl.get(), BIO_new_mem_buf("HTTP/1.1 400 Bad Request\r\n\r\n", -1), BIO_new(BIO_s_null()));
    SSL_set_connect_state(client.ssl.get());
    client.step(&SSL_do_handshake);
    EXPECT_THAT(client.words(peer_), HasSubstr("orders.example.com:8443 speaks no TLS"));
}

TEST_F(Tls, SaysThatAPeerWentAwayInTheMiddle) {
    const auto context = client_tls_context(good_client()).value();
    End client{context.get()};
    SSL_set_bio(client.ssl.get(), BIO_new_mem_buf("", 0), BIO_new(BIO_s_null()));
    BIO_set_mem_eof_return(SSL_get_rbio(client.ssl.get()), 0);
    SSL_set_connect_state(client.ssl.get());
    client.step(&SSL_do_handshake);
    EXPECT_THAT(client.words(peer_), HasSubstr("closed the connection"));
}

SSL_SESSION* newest_session = nullptr;

TEST_F(Tls, ResumesAVerifiedSessionByOneStatelessTicket) {
    const auto client_context = client_tls_context(good_client()).value();
    const auto server_context = server_tls_context(good_server()).value();
    static int tickets = 0;
    tickets = 0;
    SSL_CTX_sess_set_new_cb(client_context.get(), [](SSL*, SSL_SESSION* session) {
        ++tickets;
        const Session before{newest_session};
        newest_session = session;
        return 1;
    });
    Pair first{client_context.get(), server_context.get(), "localhost"};
    first.meet();
    ASSERT_TRUE(first.client.done);
    EXPECT_EQ(tickets, 1);
    Pair second{client_context.get(), server_context.get(), "localhost"};
    ASSERT_EQ(SSL_set_session(second.client.ssl.get(), newest_session), 1);
    second.meet();
    const Session last{std::exchange(newest_session, nullptr)};
    EXPECT_TRUE(second.client.done);
    EXPECT_EQ(SSL_session_reused(second.client.ssl.get()), 1);
    EXPECT_NE(SSL_get0_peer_certificate(second.server.ssl.get()), nullptr);  // still known who calls
}

TEST_F(Tls, NamesTheFileThatIsWrong) {
    auto files = good_client();
    files.ca_file = folder_.path() / "gone.pem";
    EXPECT_THAT(why_not(files), HasSubstr("gone.pem: No such file"));
    files = good_client();
    files.ca_file = files.key_file;
    EXPECT_THAT(why_not(files), HasSubstr("client.key: holds a private key, not CA certificates in PEM"));
    files = good_client();
    files.cert_file = folder_.write("empty.pem", "");
    EXPECT_THAT(why_not(files), HasSubstr("empty.pem: holds nothing, not a certificate"));
    files = good_client();
    files.key_file = files.cert_file;
    ::chmod(files.key_file.c_str(), 0600);
    EXPECT_THAT(why_not(files), HasSubstr("client.pem: holds a certificate, not a private key"));
}

TEST_F(Tls, RefusesADamagedCertificateAmongTheTrustAnchors) {
    auto files = good_client();
    files.ca_file =
        folder_.write("ca.pem", pki_.ca_pem() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    EXPECT_THAT(why_not(files), HasSubstr("ca.pem: certificate 2 is damaged"));
}

TEST_F(Tls, TrustsEveryCertificateOfTheAnchorFile) {
    auto client = good_client();
    client.ca_file = folder_.write("both.pem", stranger_.ca_pem() + pki_.ca_pem());
    EXPECT_TRUE(meet(client, good_server()).client.done);
}

TEST_F(Tls, RefusesAKeyOfAnotherCertificate) {
    auto files = good_client();
    pki_.issue_host("clinic-001", "srv-02").write(folder_.path(), "other");
    files.key_file = folder_.path() / "other.key";
    EXPECT_THAT(why_not(files), AllOf(HasSubstr("other.key: is not the key of the certificate in "),
                                      HasSubstr("client.pem (CN=srv-01)")));
}

TEST_F(Tls, RefusesAKeyFileThatOthersMayRead) {
    const auto files = good_client();
    ::chmod(files.key_file.c_str(), 0644);
    EXPECT_THAT(why_not(files), HasSubstr("chmod 600"));
}

TEST_F(Tls, StartsWithAnExpiredCertificateOfItsOwn) {
    CertificateRequest request;
    request.not_before = days_from_now(-20);
    request.not_after = days_from_now(-10);
    EXPECT_TRUE(client_tls_context(store("client", pki_, pki_.issue(request))));
}

}  // namespace
}  // namespace agent
