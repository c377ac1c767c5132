#pragma once
// PEM blocks of key files, read so that a message can say what a file holds instead of the key that was expected.
#include <openssl/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/handle.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace agent {

void free_key(EVP_PKEY* key) noexcept;
using OpensslKey = Handle<EVP_PKEY, &free_key>;

// The key in the first PEM block (behind EC parameters), whatever its algorithm; `untrusted` where the block is of
// another kind.
[[nodiscard]] Result<OpensslKey> read_public_pem(std::string_view pem);
[[nodiscard]] Result<OpensslKey> read_private_pem(std::string_view pem);

// Ed25519 keys as OpenSSL writes them (RFC 8410): a fixed prefix and their 32 bytes. False for anything else, which is
// for the two above to read or to name; they ask every decoder there is and take 60 to 700 us for it.
enum class KeyHalf : std::uint8_t { open, secret };
[[nodiscard]] bool read_ed25519_pem(std::string_view pem, KeyHalf half, std::span<std::byte> key);

// "an RSA key", "an EC key", "an Ed25519 key".
[[nodiscard]] std::string describe_key(const EVP_PKEY* key);

// A key file's bytes, at most 64 KiB. The message names the file.
[[nodiscard]] Result<SecretBytes> read_key_file(const std::filesystem::path& file);

// The same for what is no secret, at most 1 MiB.
[[nodiscard]] Result<std::string> read_public_file(const std::filesystem::path& file);

// What a PEM text begins with, for messages: "a private key", "no PEM block".
[[nodiscard]] std::string describe_pem(std::string_view pem);

// The reason of OpenSSL's last error in words, and an empty error queue.
[[nodiscard]] std::string take_openssl_reason();

}  // namespace agent
