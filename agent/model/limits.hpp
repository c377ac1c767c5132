#pragma once
// Every bound of the wire in one place (PROTOCOL.md).
#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace agent::limits {

inline constexpr std::size_t envelope_bytes = 64UL * 1024UL;  // section 4, gate 1
inline constexpr std::size_t bundle_bytes = 1024UL * 1024UL;  // section 5
inline constexpr std::size_t json_depth = 16;                 // section 3: the outermost value has depth 1
inline constexpr std::size_t order_id_length = 128;           // section 4
inline constexpr std::size_t runbook_id_length = 64;
inline constexpr std::size_t name_length = 64;  // site_id, host_id
inline constexpr std::size_t nonce_least = 32;
inline constexpr std::size_t nonce_most = 128;
inline constexpr std::int64_t ttl_least_seconds = 60;
inline constexpr std::int64_t ttl_most_seconds = 86'400;  // the server's; a host's own is configured
inline constexpr Duration issued_ahead{30'000};           // gate 9
inline constexpr Duration clock_behind_mark{30'000};      // clock_untrusted
inline constexpr Duration ledger_retention{std::chrono::days{366}};
inline constexpr std::int64_t unsigned_refusals_per_hour = 60;  // section 5
inline constexpr Duration long_poll_most{60'000};
inline constexpr std::size_t output_kept = 4096;  // head and tail of a step's output, each
inline constexpr std::size_t pending_default = 10;
inline constexpr std::size_t pending_answer_bytes = 4UL * 1024UL * 1024UL;

}  // namespace agent::limits
