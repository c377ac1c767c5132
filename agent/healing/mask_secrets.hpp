#pragma once
// Takes out of a program's output what looks like a secret, before any of it is kept.
#include <string>
#include <string_view>

namespace agent {

inline constexpr std::string_view secret_mask{"***"};

// Masked are: private keys, also where only their end is there; passwords in URLs; Authorization and cookies; and the
// values of names that end in password, passphrase, secret, token, api_key and the like, as in NAME=value, "NAME":
// "value" and lines that begin with NAME: value. Ordinary words about passwords and tokens are left alone.
[[nodiscard]] std::string mask_secrets(std::string_view text);

}  // namespace agent
