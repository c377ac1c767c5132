#include "crypto/pem.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <limits>

#include "base/encoding.hpp"
#include "crypto/openssl.hpp"

namespace agent {
namespace {

// One block of a PEM text; its bytes are wiped on release.
class PemBlock {
public:
    PemBlock() = default;
    PemBlock(const PemBlock&) = delete;
    PemBlock& operator=(const PemBlock&) = delete;
    PemBlock(PemBlock&&) = delete;
    PemBlock& operator=(PemBlock&&) = delete;
    ~PemBlock() {
        OPENSSL_free(label_);
        OPENSSL_free(header_);
        OPENSSL_clear_free(bytes_, static_cast<std::size_t>(size_));
    }

    [[nodiscard]] bool read(std::string_view pem) {
        if (pem.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return false;
        const Bio bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
        const bool found = bio != nullptr && PEM_read_bio(bio.get(), &label_, &header_, &bytes_, &size_) == 1;
        ERR_clear_error();
        return found;
    }
    [[nodiscard]] std::string_view label() const { return label_; }
    [[nodiscard]] bool encrypted() const {
        return label() == "ENCRYPTED PRIVATE KEY" || std::string_view{header_}.find("ENCRYPTED") != std::string::npos;
    }
    [[nodiscard]] const unsigned char* bytes() const { return bytes_; }
    [[nodiscard]] long size() const { return size_; }

private:
    char* label_{};
    char* header_{};
    unsigned char* bytes_{};
    long size_{};
};

std::string describe_text(std::string_view text) {
    if (text.empty()) return "nothing";
    if (text.starts_with("ssh-")) return "an OpenSSH public key; write it as PEM: ssh-keygen -e -m PKCS8 -f FILE";
    if (text.find("-----BEGIN ") != std::string_view::npos) return "a damaged PEM block";
    return "no PEM block";
}

std::string describe_block(const PemBlock& block) {
    const auto label = block.label();
    if (block.encrypted()) return "an encrypted private key; write it without a passphrase: openssl pkey -in FILE";
    if (label == "PUBLIC KEY") return "a public key";
    if (label == "PRIVATE KEY") return "a private key";
    if (label == "CERTIFICATE" || label == "TRUSTED CERTIFICATE" || label == "X509 CERTIFICATE") return "a certificate";
    if (label == "CERTIFICATE REQUEST") return "a certificate request";
    if (label == "RSA PUBLIC KEY") return "an RSA public key";
    if (label == "RSA PRIVATE KEY") return "an RSA private key";
    if (label == "EC PRIVATE KEY") return "an EC private key";
    if (label == "EC PARAMETERS") return "EC parameters";
    if (label == "OPENSSH PRIVATE KEY") return "an OpenSSH private key";
    return "something else than a key";
}

// `openssl ecparam -genkey` writes the curve in a block of its own before the key.
std::string_view behind_parameters(std::string_view pem) {
    constexpr std::string_view end = "-----END EC PARAMETERS-----";
    PemBlock first;
    const auto at = pem.find(end);
    if (at == std::string_view::npos || !first.read(pem) || first.label() != "EC PARAMETERS") return pem;
    const auto rest = pem.substr(at + end.size());
    return rest.find("-----BEGIN ") == std::string_view::npos ? pem : rest;
}

Error holds(const std::string& what, std::string_view wanted) {
    return Error{Errc::untrusted, "holds " + what + ", not " + std::string{wanted}};
}

}  // namespace

void free_key(EVP_PKEY* key) noexcept { EVP_PKEY_free(key); }

Result<OpensslKey> read_public_pem(std::string_view pem) {
    constexpr std::string_view wanted = "a public key in PEM (BEGIN PUBLIC KEY)";
    PemBlock block;
    if (!block.read(pem)) return holds(describe_text(pem), wanted);
    if (block.label() != "PUBLIC KEY") return holds(describe_block(block), wanted);
    const auto* at = block.bytes();
    OpensslKey key{d2i_PUBKEY(nullptr, &at, block.size())};
    if (key == nullptr) return Error{Errc::untrusted, "holds a damaged public key: " + take_openssl_reason()};
    return key;
}

Result<OpensslKey> read_private_pem(std::string_view pem) {
    constexpr std::string_view wanted = "a private key in PEM (BEGIN PRIVATE KEY)";
    pem = behind_parameters(pem);
    PemBlock block;
    if (!block.read(pem)) return holds(describe_text(pem), wanted);
    const bool key_block =
        block.label() == "PRIVATE KEY" || block.label() == "EC PRIVATE KEY" || block.label() == "RSA PRIVATE KEY";
    if (!key_block || block.encrypted()) return holds(describe_block(block), wanted);
    const auto* at = block.bytes();
    OpensslKey key{d2i_AutoPrivateKey(nullptr, &at, block.size())};
    if (key == nullptr) return Error{Errc::untrusted, "holds a damaged private key: " + take_openssl_reason()};
    return key;
}

bool read_ed25519_pem(std::string_view pem, KeyHalf half, std::span<std::byte> key) {
    constexpr std::string_view open{"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12};
    constexpr std::string_view secret{"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 16};
    const auto prefix = half == KeyHalf::open ? open : secret;
    PemBlock block;
    if (!block.read(pem) || block.encrypted()) return false;
    if (block.label() != (half == KeyHalf::open ? "PUBLIC KEY" : "PRIVATE KEY")) return false;
    const std::string_view der{reinterpret_cast<const char*>(block.bytes()), static_cast<std::size_t>(block.size())};
    if (der.size() != prefix.size() + key.size() || !der.starts_with(prefix)) return false;
    std::ranges::copy(bytes_of(der.substr(prefix.size())), key.begin());
    return true;
}

std::string describe_key(const EVP_PKEY* key) {
    switch (EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_ED25519: return "an Ed25519 key";
        case EVP_PKEY_RSA: return "an RSA key";
        case EVP_PKEY_EC: return "an EC key";
        case EVP_PKEY_ED448: return "an Ed448 key";
        case EVP_PKEY_X25519: return "an X25519 key";
        case EVP_PKEY_DSA: return "a DSA key";
        default: return "a key of another kind";  // OpenSSL's identifiers are no enumeration
    }
}

std::string describe_pem(std::string_view pem) {
    PemBlock block;
    return block.read(pem) ? describe_block(block) : describe_text(pem);
}

std::string take_openssl_reason() {
    const auto code = ERR_peek_last_error();
    const char* reason = ERR_reason_error_string(code);
    std::string words = reason == nullptr ? "unknown reason" : reason;
    ERR_clear_error();
    return words;
}

}  // namespace agent
