#pragma once
// Gates 1 to 6 of PROTOCOL.md section 4, which host and server share: from bytes to a payload that configured keys
// signed.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "model/order.hpp"
#include "orders/keyring.hpp"

namespace agent {

[[nodiscard]] inline GateEntry passed(Gate gate, std::string detail) {
    return {gate, Verdict::pass, std::move(detail)};
}
[[nodiscard]] inline GateEntry refused(Gate gate, std::string detail) {
    return {gate, Verdict::refuse, std::move(detail)};
}

struct SignatureVerdict {
    std::vector<GateEntry> gates;            // the refusing one last, if one refused
    std::optional<SignedEnvelope> envelope;  // gates 1 and 2 passed
    std::vector<KeyId> verified_by;          // configured keys, valid now, with a good signature; each once
    std::optional<OrderPayload> payload;     // gates 1 to 6 passed
    bool held_against_envelope{true};
};

// `offered_id`: see OrderGates::decide.
[[nodiscard]] SignatureVerdict verify_envelope(std::string_view envelope_bytes, const Keyring& keyring,
                                               std::size_t threshold, const std::optional<std::string>& offered_id,
                                               WallTime now);

}  // namespace agent
