#pragma once
// What has become of an order, host by host (PROTOCOL.md section 6). Pure.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "model/ids.hpp"
#include "model/vocabulary.hpp"

namespace agent {

struct HostReport {
    HostId host_id;
    OrderStatus status{OrderStatus::pending};
    std::optional<std::string> reason;
    std::optional<std::string> bundle_id;
    WallTime updated_at;
    friend bool operator==(const HostReport&, const HostReport&) = default;
};

// Does `next` take the place of what was reported before? The first final status stays, but something that was carried
// out is stronger than having been refused or having expired.
[[nodiscard]] bool supersedes(OrderStatus next, const std::optional<OrderStatus>& before) noexcept;

// The first word of a bundle's error, for a status whose error begins with its reason; else nothing.
[[nodiscard]] std::optional<std::string> reason_in(OrderStatus status, const std::optional<std::string>& error);

// As it is shown: what is not final when the TTL has ended is expired, as of that end.
[[nodiscard]] HostReport seen_at(WallTime now, WallTime expires_at, HostReport report);

// Of an order for a whole site: the least finished status and the latest change.
[[nodiscard]] HostReport least_finished(const std::vector<HostReport>& reports);

}  // namespace agent
