#include "orders/keyring.hpp"

#include <algorithm>

namespace agent {

bool OrderKey::valid_at(WallTime now) const noexcept {
    return (!not_before || now >= *not_before) && (!not_after || now <= *not_after);
}

bool OrderKey::may_order(const RunbookId& runbook) const noexcept {
    return std::any_of(runbooks.begin(), runbooks.end(),
                       [&](const std::string& pattern) { return pattern == "*" || pattern == runbook.str(); });
}

const OrderKey* Keyring::find(std::string_view key_id, WallTime now) const noexcept {
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const OrderKey& entry) {
        return entry.key.key_id().str() == key_id && entry.valid_at(now);
    });
    return found == keys.end() ? nullptr : &*found;
}

bool Keyring::permits(const KeyId& key_id, const RunbookId& runbook, WallTime now) const noexcept {
    return std::any_of(keys.begin(), keys.end(), [&](const OrderKey& entry) {
        return entry.key.key_id() == key_id && entry.valid_at(now) && entry.may_order(runbook);
    });
}

}  // namespace agent
