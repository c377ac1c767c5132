#include "codec/envelope.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "codec/json.hpp"
#include "codec/members.hpp"

namespace agent {
namespace {

Result<std::string> base64_member(const Members& members, std::string_view name) {
    AGENT_TRY(const auto text, members.string(name));
    auto bytes = base64_decode(text);
    if (!bytes) return members.fault(name, "not canonical base64 (RFC 4648 section 4, padded)");
    return *std::move(bytes);
}

Result<EnvelopeSignature> read_signature(const Value& value, std::string key) {
    AGENT_TRY(const auto members, Members::of(value, std::move(key)));
    AGENT_TRY(members.only({"keyid", "sig"}));
    EnvelopeSignature signature;
    AGENT_TRY(signature.key_id, members.string("keyid"));
    AGENT_TRY(signature.bytes, base64_member(members, "sig"));
    return signature;
}

}  // namespace

Result<SignedEnvelope> parse_envelope(std::string_view json) {
    SignedEnvelope envelope;
    AGENT_TRY(envelope.members, parse_json(json));
    AGENT_TRY(const auto members, Members::of(envelope.members, {}));
    AGENT_TRY(members.only({"payloadType", "payload", "signatures"}));
    AGENT_TRY(envelope.payload_type, members.string("payloadType"));
    AGENT_TRY(envelope.payload, base64_member(members, "payload"));
    AGENT_TRY(const auto* signatures, members.array("signatures"));
    for (const auto& item : *signatures) {
        AGENT_TRY(auto signature,
                  read_signature(item, "signatures[" + std::to_string(envelope.signatures.size()) + "]"));
        envelope.signatures.push_back(std::move(signature));
    }
    return envelope;
}

std::string pre_authentication_encoding(std::string_view payload_type, std::string_view payload) {
    std::string bytes = "DSSEv1 ";
    bytes.reserve(payload_type.size() + payload.size() + 64);
    bytes.append(std::to_string(payload_type.size())).append(" ").append(payload_type);
    bytes.append(" ").append(std::to_string(payload.size())).append(" ").append(payload);
    return bytes;
}

std::string write_envelope(std::string_view payload_type, std::string_view payload,
                           const std::vector<EnvelopeSignature>& signatures) {
    Value::Array list;
    for (const auto& signature : signatures)
        list.push_back(Value::object({{"keyid", signature.key_id}, {"sig", base64_encode(bytes_of(signature.bytes))}}));
    return write_json(Value::object({{"payloadType", payload_type},
                                     {"payload", base64_encode(bytes_of(payload))},
                                     {"signatures", std::move(list)}}));
}

}  // namespace agent
