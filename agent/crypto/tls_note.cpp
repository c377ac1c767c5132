#include "crypto/tls_note.hpp"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <memory>
#include <new>

namespace agent {
namespace {

// OpenSSL's signature of a release function for data attached to a connection.
void free_note(void*, void* note, CRYPTO_EX_DATA*, int, long, void*) {
    const std::unique_ptr<TlsNote> owner{static_cast<TlsNote*>(note)};
}

int note_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_note);
    return index;
}

void note(SSL* ssl, X509_STORE_CTX* store) {
    if (SSL_get_ex_data(ssl, note_index()) != nullptr) return;  // the first failure is the reason
    auto made = std::make_unique<TlsNote>();
    made->verify_error = X509_STORE_CTX_get_error(store);
    if (const auto* certificate = X509_STORE_CTX_get_current_cert(store)) made->certificate = facts_of(certificate);
    if (SSL_set_ex_data(ssl, note_index(), made.get()) == 1) static_cast<void>(made.release());
}

}  // namespace

int note_verification(int verified, X509_STORE_CTX* store) noexcept {
    if (verified == 1) return 1;
    auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    try {
        if (ssl != nullptr) note(ssl, store);
    } catch (const std::bad_alloc&) {
        return 0;  // refused all the same, in fewer words
    }
    return 0;
}

const TlsNote* tls_note_of(const SSL* ssl) noexcept {
    return static_cast<const TlsNote*>(SSL_get_ex_data(ssl, note_index()));
}

}  // namespace agent
