#pragma once
// TLS contexts for both ends (PROTOCOL.md section 2): peer verification on, 1.3 unless configured otherwise,
// no renegotiation, no compression.
#include <openssl/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace agent {

void free_tls_context(SSL_CTX* context) noexcept;
using TlsContext = Handle<SSL_CTX, &free_tls_context>;

enum class TlsVersion : std::uint8_t { tls12, tls13 };

struct TlsFiles {
    std::filesystem::path ca_file;    // PEM, one or more trust anchors
    std::filesystem::path cert_file;  // PEM, leaf first, then its chain
    std::filesystem::path key_file;   // PEM, not encrypted
    TlsVersion least{TlsVersion::tls13};
};

// Errors name the file, the certificate's subject, and what is wrong: missing, no PEM, key does not match certificate,
// and, of a client, key file readable by others (a server starts and warns). An expired certificate of our own is no
// error here: the peer says so, and status does.
[[nodiscard]] Result<TlsContext> client_tls_context(const TlsFiles& files);
// Asks for and requires a client certificate; sessions resume by stateless tickets, one per connection.
[[nodiscard]] Result<TlsContext> server_tls_context(const TlsFiles& files);

// Says whose certificate a client wants to see: a DNS name (sent as SNI) or an IP address. Call it before the
// handshake. Do not set a verify callback or mode on `ssl` afterwards: the context's own notes what
// describe_tls_failure tells.
[[nodiscard]] Result<> expect_peer_name(SSL* ssl, const std::string& name);

// In words, of the failure of a handshake (or of the first read after it, where TLS 1.3 tells of a refused client
// certificate): which certificate (subject, issuer, validity), why, and which peer. `error_code` is OpenSSL's packed
// error; `ssl` is where verification left its result. Clears the thread's error queue.
[[nodiscard]] std::string describe_tls_failure(SSL* ssl, unsigned long error_code, std::string_view peer);

}  // namespace agent
