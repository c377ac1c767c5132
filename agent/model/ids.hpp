#pragma once
// Names of things, each its own type (PROTOCOL.md section 1).
#include <array>
#include <cstddef>

#include "base/strong_id.hpp"

namespace agent {

using SiteId = StrongId<struct SiteIdTag>;
using HostId = StrongId<struct HostIdTag>;
using OrderId = StrongId<struct OrderIdTag>;
using RunbookId = StrongId<struct RunbookIdTag>;
using BundleId = StrongId<struct BundleIdTag>;  // a UUID, lower case
using KeyId = StrongId<struct KeyIdTag>;        // lower-case hex SHA-256 of the 32 raw public bytes
using CheckName = StrongId<struct CheckNameTag>;

using Digest = std::array<std::byte, 32>;     // SHA-256
using Signature = std::array<std::byte, 64>;  // pure Ed25519, RFC 8032

}  // namespace agent
