#pragma once
// What the server reads from disk at its start and on reload.
#include "config/server_settings.hpp"
#include "crypto/ed25519.hpp"
#include "orders/keyring.hpp"

namespace agent {

// All keys, valid for every runbook: the host decides what they may order. Threshold 1 (PROTOCOL.md section 6).
[[nodiscard]] Result<Keyring> load_order_keys(const OrderServerSettings& settings);

// receipt.key has its public half in receipt.pub.
[[nodiscard]] std::filesystem::path public_file_beside(const std::filesystem::path& private_file);

// Made at the first start, with its public half beside it.
[[nodiscard]] Result<PrivateKey> load_or_make_receipt_key(const std::filesystem::path& file);

}  // namespace agent
