#pragma once
// The configured order keys: the only ones that verify anything.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "crypto/ed25519.hpp"
#include "model/ids.hpp"

namespace agent {

struct OrderKey {
    PublicKey key;
    std::vector<std::string> runbooks{"*"};  // exact ids, or "*"
    std::optional<WallTime> not_before;
    std::optional<WallTime> not_after;

    // Both ends are part of the period, as in X.509.
    [[nodiscard]] bool valid_at(WallTime now) const noexcept;
    [[nodiscard]] bool may_order(const RunbookId& runbook) const noexcept;
};

struct Keyring {
    std::vector<OrderKey> keys;
    std::size_t threshold{1};

    // Null unless configured and valid at `now`.
    [[nodiscard]] const OrderKey* find(std::string_view key_id, WallTime now) const noexcept;
    // Some entry of this key, valid at `now`, may order `runbook`.
    [[nodiscard]] bool permits(const KeyId& key_id, const RunbookId& runbook, WallTime now) const noexcept;
};

}  // namespace agent
