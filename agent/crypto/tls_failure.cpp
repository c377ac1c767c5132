// describe_tls_failure: what the engineer reads when two ends do not get along.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/tls1.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <array>
#include <optional>

#include "base/handle.hpp"
#include "base/text.hpp"
#include "crypto/certificate.hpp"
#include "crypto/tls_context.hpp"
#include "crypto/tls_note.hpp"

namespace agent {
namespace {

std::string shown(std::string_view peer_text) {
    auto text = quoted(peer_text);
    return text.substr(1, text.size() - 2);
}

std::string list_of(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + shown(name);
    return text.empty() ? "no name at all" : text;
}

// The name or address that was asked for; empty if any would do.
std::string expected_name(SSL* ssl) {
    auto* rules = SSL_get0_param(ssl);
    if (const char* host = X509_VERIFY_PARAM_get0_host(rules, 0)) return host;
    char* address = X509_VERIFY_PARAM_get1_ip_asc(rules);
    std::string text = address == nullptr ? "" : address;
    OPENSSL_free(address);
    return text;
}

std::string describe_certificate(const CertificateFacts& facts) {
    return "(" + shown(facts.subject) + ", issued by " + shown(facts.issuer) + ")";
}

std::string describe_refused_peer(SSL* ssl, const TlsNote& note, std::string_view peer) {
    const auto& certificate = note.certificate;
    const bool server = SSL_is_server(ssl) == 1;
    const std::string of_peer = (server ? "the client certificate of " : "the certificate of ") + std::string{peer};
    const auto reason = std::string{X509_verify_cert_error_string(note.verify_error)};
    switch (note.verify_error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return of_peer + " " + describe_certificate(certificate) + " expired on " +
                   format_rfc3339(certificate.not_after);
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return of_peer + " " + describe_certificate(certificate) + " is not valid before " +
                   format_rfc3339(certificate.not_before) + "; is this machine's clock right?";
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return of_peer + " " + describe_certificate(certificate) + " is for " + list_of(certificate.names) +
                   ", not for " + expected_name(ssl);
        case X509_V_ERR_INVALID_PURPOSE:
            return of_peer + " " + describe_certificate(certificate) + " is not meant for a TLS " +
                   (server ? "client" : "server") + ": " + reason;
        default:  // OpenSSL's reasons are no enumeration
            return of_peer + " " + describe_certificate(certificate) + " is not trusted: " + reason + "; check " +
                   (server ? "tls.ca_file" : "server.ca_file");
    }
}

// The words of the alerts by which a peer refuses our certificate (RFC 8446, section 6.2).
std::optional<std::string_view> refusal_in(int reason) {
    switch (reason) {
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE: return "bad certificate";
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: return "unsupported certificate";
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED: return "certificate revoked";
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED: return "certificate expired";
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN: return "certificate unknown";
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA: return "unknown ca";
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED: return "access denied";
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return "certificate required";
        default: return std::nullopt;
    }
}

bool is_version_trouble(int reason) {
    return reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION || reason == SSL_R_UNSUPPORTED_PROTOCOL ||
           reason == SSL_R_VERSION_TOO_LOW || reason == SSL_R_WRONG_SSL_VERSION || reason == SSL_R_UNKNOWN_PROTOCOL ||
           reason == SSL_R_NO_PROTOCOLS_AVAILABLE;
}

std::string describe_own_certificate(SSL* ssl) {
    const auto* certificate = SSL_get_certificate(ssl);
    if (certificate == nullptr) return "none was sent";
    const auto facts = facts_of(certificate);
    return facts.subject + ", issued by " + facts.issuer + ", expires " + format_rfc3339(facts.not_after);
}

std::string least_version(SSL* ssl) {
    return SSL_get_min_proto_version(ssl) == TLS1_2_VERSION ? "TLS 1.2 or 1.3" : "TLS 1.3";
}

std::string describe(SSL* ssl, unsigned long code, const std::string& peer) {
    const int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
    const auto* note = tls_note_of(ssl);
    if (note != nullptr && (reason == SSL_R_CERTIFICATE_VERIFY_FAILED || reason == 0))
        return describe_refused_peer(ssl, *note, peer);
    if (const auto refusal = refusal_in(reason))
        return peer + " refused our certificate (" + describe_own_certificate(ssl) + "): " + std::string{*refusal};
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) return peer + " sent no client certificate";
    if (is_version_trouble(reason)) return peer + " speaks no " + least_version(ssl) + " (protocol version)";
    if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST)
        return peer + " speaks no TLS (wrong port, or plain HTTP?)";
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING || code == 0)
        return peer + " closed the connection without a word during TLS";
    const char* words = ERR_reason_error_string(code);
    return "TLS with " + peer +
           " failed: " + (words == nullptr ? "OpenSSL error " + std::to_string(code) : std::string{words});
}

}  // namespace

std::string describe_tls_failure(SSL* ssl, unsigned long error_code, std::string_view peer) {
    auto words = describe(ssl, error_code != 0 ? error_code : ERR_peek_error(), std::string{peer});
    ERR_clear_error();
    return words;
}

}  // namespace agent
