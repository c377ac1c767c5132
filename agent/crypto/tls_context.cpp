#include "crypto/tls_context.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <utility>

#include "base/encoding.hpp"
#include "crypto/certificate.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/openssl.hpp"
#include "crypto/pem.hpp"
#include "crypto/tls_note.hpp"

namespace agent {
namespace {

Error file_error(const std::filesystem::path& file, const std::string& what) {
    return Error{Errc::untrusted, file.string() + ": " + what};
}

Result<Bio> open_pem(std::string_view pem) {
    Bio bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    if (bio == nullptr) return Error{Errc::system, "no memory for a certificate"};
    return bio;
}

Result<> use_trust_anchors(SSL_CTX* context, const std::filesystem::path& file) {
    AGENT_TRY(const auto pem, read_public_file(file));
    AGENT_TRY(const auto bio, open_pem(pem));
    auto* store = SSL_CTX_get_cert_store(context);
    int anchors = 0;
    while (const X509Handle anchor{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
        if (X509_STORE_add_cert(store, anchor.get()) != 1 || SSL_CTX_add_client_CA(context, anchor.get()) != 1)
            return file_error(file, "certificate " + std::to_string(anchors + 1) + ": " + take_openssl_reason());
        ++anchors;
    }
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (anchors == 0) return file_error(file, "holds " + describe_pem(pem) + ", not CA certificates in PEM");
    if (!at_end) return file_error(file, "certificate " + std::to_string(anchors + 1) + " is damaged");
    // Whatever the file names is an anchor, an intermediate certificate too.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    return ok();
}

Result<> use_certificate(SSL_CTX* context, const std::filesystem::path& file) {
    AGENT_TRY(const auto facts, load_certificate(file));
    if (SSL_CTX_use_certificate_chain_file(context, file.c_str()) != 1)
        return file_error(file, "certificate of " + facts.subject + ": " + take_openssl_reason());
    return ok();
}

Result<> use_key(SSL_CTX* context, const TlsFiles& files) {
    AGENT_TRY(const auto pem, read_key_file(files.key_file));
    AGENT_TRY(const auto key, in_context(read_private_pem(text_of(pem.bytes())), files.key_file.string()));
    const auto* certificate = SSL_CTX_get0_certificate(context);
    if (X509_check_private_key(certificate, key.get()) != 1) {
        ERR_clear_error();
        return file_error(files.key_file, "is not the key of the certificate in " + files.cert_file.string() + " (" +
                                              facts_of(certificate).subject + ")");
    }
    if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) return file_error(files.key_file, take_openssl_reason());
    return ok();
}

Result<TlsContext> make_context(const SSL_METHOD* method, const TlsFiles& files) {
    TlsContext context{SSL_CTX_new(method)};
    if (context == nullptr) return Error{Errc::system, "TLS cannot start: " + take_openssl_reason()};
    const int least = files.least == TlsVersion::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
    if (SSL_CTX_set_min_proto_version(context.get(), least) != 1)
        return Error{Errc::system, "TLS cannot start: " + take_openssl_reason()};
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);  // an idle connection holds 34 KB less
    AGENT_TRY(use_trust_anchors(context.get(), files.ca_file));
    AGENT_TRY(use_certificate(context.get(), files.cert_file));
    AGENT_TRY(use_key(context.get(), files));
    return context;
}

bool is_address(const std::string& name) {
    std::array<unsigned char, sizeof(in6_addr)> ignored{};
    return inet_pton(AF_INET, name.c_str(), ignored.data()) == 1 ||
           inet_pton(AF_INET6, name.c_str(), ignored.data()) == 1;
}

}  // namespace

void free_tls_context(SSL_CTX* context) noexcept { SSL_CTX_free(context); }

Result<TlsContext> client_tls_context(const TlsFiles& files) {
    AGENT_TRY(auto context, make_context(TLS_client_method(), files));
    AGENT_TRY(check_private_mode(files.key_file));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, &note_verification);
    // Sessions are handed to the new-session callback, where there is one, and kept by whoever set it.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    return context;
}

Result<TlsContext> server_tls_context(const TlsFiles& files) {
    AGENT_TRY(auto context, make_context(TLS_server_method(), files));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, &note_verification);
    // Without it a session of a verified client does not resume.
    constexpr std::array<unsigned char, 1> session_context{1};
    if (SSL_CTX_set_session_id_context(context.get(), session_context.data(), session_context.size()) != 1 ||
        SSL_CTX_set_num_tickets(context.get(), 1) != 1)
        return Error{Errc::system, "TLS cannot start: " + take_openssl_reason()};
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets hold the state
    SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
    return context;
}

Result<> expect_peer_name(SSL* ssl, const std::string& name) {
    auto sent = name;  // what SSL_set_tlsext_host_name takes is not const
    const bool done = is_address(name)
                          ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1
                          : SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, sent.data()) == 1 &&
                                SSL_set1_host(ssl, name.c_str()) == 1;
    if (!done) return Error{Errc::system, "checking for the name " + name + ": " + take_openssl_reason()};
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return ok();
}

}  // namespace agent
