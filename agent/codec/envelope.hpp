#pragma once
// DSSE v1 envelopes, the strict subset of PROTOCOL.md section 3.
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/order.hpp"

namespace agent {

inline constexpr std::string_view order_payload_type = "application/vnd.compliance-agent.order.v1+json";
inline constexpr std::string_view runbooks_payload_type = "application/vnd.compliance-agent.runbooks.v1+json";
inline constexpr std::string_view receipt_payload_type = "application/vnd.compliance-agent.receipt.v1+json";

// `malformed` unless it is exactly {payloadType, payload, signatures: [{keyid, sig}]} with canonical base64. Size and
// payload type are the caller's to check.
[[nodiscard]] Result<SignedEnvelope> parse_envelope(std::string_view json);

// PAE of the DSSE specification, version 1: the bytes that are signed.
[[nodiscard]] std::string pre_authentication_encoding(std::string_view payload_type, std::string_view payload);

[[nodiscard]] std::string write_envelope(std::string_view payload_type, std::string_view payload,
                                         const std::vector<EnvelopeSignature>& signatures);

}  // namespace agent
