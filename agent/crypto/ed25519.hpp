#pragma once
// Pure Ed25519 (RFC 8032) through libsodium; keys as PEM that stock openssl reads and writes.
#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "model/ids.hpp"

namespace agent {

class PublicKey {
public:
    using Raw = std::array<std::byte, 32>;

    // `untrusted`: a point of small order, not canonical or not on the curve.
    [[nodiscard]] static Result<PublicKey> from_raw(const Raw& raw);
    // SubjectPublicKeyInfo. The message says what the file holds instead (a private key, an RSA key, a certificate).
    [[nodiscard]] static Result<PublicKey> from_pem(std::string_view pem);
    [[nodiscard]] static Result<PublicKey> load(const std::filesystem::path& file);

    [[nodiscard]] const KeyId& key_id() const noexcept { return key_id_; }
    [[nodiscard]] const Raw& raw() const noexcept { return raw_; }
    [[nodiscard]] std::string to_pem() const;
    // `untrusted` if it does not verify; a non-canonical S is refused. Success carries no value to forget.
    [[nodiscard]] Result<> verify(std::string_view message, std::string_view signature) const;

    friend bool operator==(const PublicKey& a, const PublicKey& b) noexcept { return a.raw_ == b.raw_; }

private:
    explicit PublicKey(const Raw& raw);
    Raw raw_;
    KeyId key_id_;
};

class PrivateKey {
public:
    [[nodiscard]] static Result<PrivateKey> generate();
    // PKCS#8, not encrypted.
    [[nodiscard]] static Result<PrivateKey> from_pem(std::string_view pem);
    // Refuses a file that others may read (any group or other permission bit), unless it lies in
    // $CREDENTIALS_DIRECTORY, where systemd sets the modes.
    [[nodiscard]] static Result<PrivateKey> load(const std::filesystem::path& file);

    [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }
    [[nodiscard]] Signature sign(std::string_view message) const;
    [[nodiscard]] SecretBytes to_pem() const;

private:
    PrivateKey(SecretBytes secret, PublicKey public_key);
    SecretBytes secret_;  // libsodium's 64 bytes: seed and public key
    PublicKey public_key_;
};

// Writes `private_file` (0600) and `public_file` (0644), both made whole before either name appears; neither may exist.
[[nodiscard]] Result<> save_key_pair(const PrivateKey& key, const std::filesystem::path& private_file,
                                     const std::filesystem::path& public_file);

// "mode 0644 lets others read it; run: chmod 600 FILE" as `untrusted`; success where the mode is right, or where the
// file lies in $CREDENTIALS_DIRECTORY.
[[nodiscard]] Result<> check_private_mode(const std::filesystem::path& file);

}  // namespace agent
