#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/bundle.hpp"

namespace agent {

// The one serialisation of a bundle (PROTOCOL.md section 5): every member present. Called once in a bundle's life;
// afterwards only the bytes count.
[[nodiscard]] std::string write_bundle(const Bundle& bundle);

// What a reader of foreign bundle bytes needs of them.
struct BundleSummary {
    BundleId bundle_id;
    SiteId site_id;
    HostId host_id;
    WallTime timestamp_start;
    WallTime timestamp_end;
    Trigger trigger{};
    std::string check;
    std::optional<CheckResult> result;
    std::optional<Severity> severity;
    Outcome outcome{};
    std::optional<std::string> error;
    std::optional<OrderId> order_id;
    std::optional<RunbookId> runbook_id;
    std::optional<std::string> order_payload;  // order.envelope.payload as received, base64
    ChainLink chain;
    KeyId signer;
};

// `malformed`, naming the member, unless every member of section 5 is there with its type. Further members are allowed.
[[nodiscard]] Result<BundleSummary> parse_bundle(std::string_view json);

}  // namespace agent
