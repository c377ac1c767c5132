#include "crypto/ed25519.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium/crypto_core_ed25519.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"
#include "crypto/digest.hpp"
#include "crypto/openssl.hpp"
#include "crypto/pem.hpp"
#include "crypto/sodium.hpp"

namespace agent {
namespace {

constexpr std::size_t seed_bytes = crypto_sign_ed25519_SEEDBYTES;
constexpr std::size_t secret_bytes = crypto_sign_ed25519_SECRETKEYBYTES;

const unsigned char* octets(std::span<const std::byte> bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* writable_octets(std::span<std::byte> bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }
const unsigned char* octets(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

PublicKey::Raw public_part(std::span<const std::byte> secret) {
    PublicKey::Raw raw{};
    std::copy_n(secret.begin() + seed_bytes, raw.size(), raw.begin());
    return raw;
}

}  // namespace

PublicKey::PublicKey(const Raw& raw) : raw_{raw}, key_id_{sha256_hex(text_of(raw))} {}

Result<PublicKey> PublicKey::from_raw(const Raw& raw) {
    start_sodium();
    // On the curve, canonical, in the main subgroup and so not of small order.
    if (crypto_core_ed25519_is_valid_point(octets(raw)) != 1)
        return Error{Errc::untrusted,
                     "is no usable Ed25519 public key: of small order, not canonical or not on the curve"};
    return PublicKey{raw};
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
    Raw raw{};
    if (read_ed25519_pem(pem, KeyHalf::open, raw)) return from_raw(raw);
    AGENT_TRY(const auto key, read_public_pem(pem));
    if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519)
        return Error{Errc::untrusted, "holds " + describe_key(key.get()) + ", not an Ed25519 key"};
    std::size_t size = raw.size();
    if (EVP_PKEY_get_raw_public_key(key.get(), writable_octets(raw), &size) != 1 || size != raw.size())
        return Error{Errc::untrusted, "holds a damaged public key: " + take_openssl_reason()};
    return from_raw(raw);
}

Result<PublicKey> PublicKey::load(const std::filesystem::path& file) {
    AGENT_TRY(const auto pem, read_key_file(file));
    return in_context(from_pem(text_of(pem.bytes())), file.string());
}

std::string PublicKey::to_pem() const {
    const OpensslKey key{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(raw_), raw_.size())};
    const Bio bio{BIO_new(BIO_s_mem())};
    must(key != nullptr && bio != nullptr && PEM_write_bio_PUBKEY(bio.get(), key.get()) == 1);
    char* text = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

Result<> PublicKey::verify(std::string_view message, std::string_view signature) const {
    if (signature.size() != crypto_sign_ed25519_BYTES)
        return Error{Errc::untrusted, "signature has " + std::to_string(signature.size()) + " bytes, not 64"};
    start_sodium();
    if (crypto_sign_ed25519_verify_detached(octets(signature), octets(message), message.size(), octets(raw_)) != 0)
        return Error{Errc::untrusted, "signature does not verify with key " + key_id_.str()};
    return ok();
}

PrivateKey::PrivateKey(SecretBytes secret, PublicKey public_key)
    : secret_{std::move(secret)}, public_key_{std::move(public_key)} {}

Result<PrivateKey> PrivateKey::generate() {
    start_sodium();
    SecretBytes secret{secret_bytes};
    PublicKey::Raw raw{};
    must(crypto_sign_ed25519_keypair(writable_octets(raw), writable_octets(secret.writable())) == 0);
    AGENT_TRY(auto public_key, PublicKey::from_raw(raw));
    return PrivateKey{std::move(secret), std::move(public_key)};
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
    start_sodium();
    SecretBytes seed{seed_bytes};
    if (!read_ed25519_pem(pem, KeyHalf::secret, seed.writable())) {
        AGENT_TRY(const auto key, read_private_pem(pem));
        if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519)
            return Error{Errc::untrusted, "holds " + describe_key(key.get()) + ", not an Ed25519 key"};
        std::size_t size = seed_bytes;
        if (EVP_PKEY_get_raw_private_key(key.get(), writable_octets(seed.writable()), &size) != 1 || size != seed_bytes)
            return Error{Errc::untrusted, "holds a damaged private key: " + take_openssl_reason()};
    }
    SecretBytes secret{secret_bytes};
    PublicKey::Raw raw{};
    must(crypto_sign_ed25519_seed_keypair(writable_octets(raw), writable_octets(secret.writable()),
                                          octets(seed.bytes())) == 0);
    AGENT_TRY(auto public_key, PublicKey::from_raw(public_part(secret.bytes())));
    return PrivateKey{std::move(secret), std::move(public_key)};
}

Result<PrivateKey> PrivateKey::load(const std::filesystem::path& file) {
    AGENT_TRY(const auto pem, read_key_file(file));
    AGENT_TRY(check_private_mode(file));
    return in_context(from_pem(text_of(pem.bytes())), file.string());
}

Signature PrivateKey::sign(std::string_view message) const {
    Signature signature{};
    must(crypto_sign_ed25519_detached(writable_octets(signature), nullptr, octets(message), message.size(),
                                      octets(secret_.bytes())) == 0);
    return signature;
}

SecretBytes PrivateKey::to_pem() const {
    const OpensslKey key{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, octets(secret_.bytes()), seed_bytes)};
    const Bio bio{BIO_new(BIO_s_secmem())};  // wiped on release
    must(key != nullptr && bio != nullptr &&
         PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    char* text = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(bio.get(), &text));
    SecretBytes pem{size};
    std::copy_n(bytes_of({text, size}).begin(), size, pem.writable().begin());
    return pem;
}

}  // namespace agent
