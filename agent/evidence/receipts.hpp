#pragma once
// Receipts: a bundle counts as sent only when one of the configured keys signed for exactly its bytes.
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "crypto/ed25519.hpp"
#include "model/bundle.hpp"
#include "store/evidence_log.hpp"

namespace agent {

// `untrusted` (no configured key, bad signature) or `malformed` (no such envelope, or it speaks of another bundle: the
// message says which member differs).
[[nodiscard]] Result<Receipt> verify_receipt(std::string_view envelope, const SignedBundle& bundle, const SiteId& site,
                                             const HostId& host, const std::vector<PublicKey>& receipt_keys);

// The envelope a server hands out (PROTOCOL.md section 6).
[[nodiscard]] std::string sign_receipt(const Receipt& receipt, const PrivateKey& key);

}  // namespace agent
