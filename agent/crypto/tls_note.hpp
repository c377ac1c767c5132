#pragma once
// What was wrong with a peer's certificate, noted while it is verified: afterwards OpenSSL no longer has it.
#include <openssl/types.h>

#include "crypto/certificate.hpp"

namespace agent {

struct TlsNote {
    CertificateFacts certificate;  // the one that failed: the peer's own, or one of its issuers
    long verify_error{};           // X509_V_ERR_…
};

// A verify callback: changes no verdict.
int note_verification(int verified, X509_STORE_CTX* store) noexcept;

// Null where nothing failed.
[[nodiscard]] const TlsNote* tls_note_of(const SSL* ssl) noexcept;

}  // namespace agent
