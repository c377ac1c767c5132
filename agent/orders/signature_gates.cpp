#include "orders/signature_gates.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "codec/envelope.hpp"
#include "codec/order_codec.hpp"
#include "crypto/digest.hpp"
#include "model/limits.hpp"
#include "orders/gates.hpp"

namespace agent {
namespace {

// Refused at gates 1 and 2, an envelope is in evidence by these two alone (PROTOCOL.md section 5, `order`).
std::string size_and_digest(std::string_view bytes) {
    return std::to_string(bytes.size()) + " bytes with SHA-256 " + sha256_hex(bytes);
}

std::string count_of(std::size_t count, std::string_view thing) {
    return std::to_string(count) + ' ' + std::string{thing} + (count == 1 ? "" : "s");
}

std::string list_of(const std::vector<KeyId>& ids) {
    std::string text;
    for (const auto& id : ids) text += (text.empty() ? "" : ", ") + id.str();
    return text;
}

// Gates 1 and 2.
std::optional<SignedEnvelope> open_envelope(std::string_view bytes, std::vector<GateEntry>& gates) {
    if (bytes.size() > limits::envelope_bytes) {
        gates.push_back(refused(Gate::too_large, size_and_digest(bytes) + "; at most " +
                                                     std::to_string(limits::envelope_bytes) + " are allowed"));
        return std::nullopt;
    }
    gates.push_back(passed(Gate::too_large, count_of(bytes.size(), "byte")));
    auto envelope = parse_envelope(bytes);
    if (envelope.has_error()) {
        gates.push_back(refused(Gate::malformed, envelope.error().message() + "; " + size_and_digest(bytes)));
        return std::nullopt;
    }
    if (envelope.value().payload_type != order_payload_type) {
        gates.push_back(refused(Gate::malformed, "payloadType: " + agent::quoted(envelope.value().payload_type) +
                                                     " is not " + std::string{order_payload_type} + "; " +
                                                     size_and_digest(bytes)));
        return std::nullopt;
    }
    gates.push_back(passed(Gate::malformed, count_of(envelope.value().signatures.size(), "signature")));
    return std::move(envelope).value();
}

// Why a claimed key id counts for nothing.
std::string describe_stranger(const std::string& key_id, const Keyring& keyring) {
    constexpr std::size_t id_length = 64;
    const auto entry = std::find_if(keyring.keys.begin(), keyring.keys.end(),
                                    [&](const OrderKey& key) { return key.key.key_id().str() == key_id; });
    if (entry == keyring.keys.end()) return quoted(key_id, id_length) + " is not configured";
    std::string text = key_id + " is configured, but not valid now";
    if (entry->not_before) text += ", not before " + format_rfc3339(*entry->not_before);
    if (entry->not_after) text += ", not after " + format_rfc3339(*entry->not_after);
    return text;
}

std::string describe_strangers(const SignedEnvelope& envelope, const Keyring& keyring) {
    if (keyring.keys.empty()) return "no order key is configured, so no order is accepted";
    if (envelope.signatures.empty()) return "there is no signature";
    constexpr std::size_t most = 4;
    std::string text;
    for (std::size_t i = 0; i < std::min(most, envelope.signatures.size()); ++i)
        text += (i == 0 ? "" : "; ") + describe_stranger(envelope.signatures[i].key_id, keyring);
    if (envelope.signatures.size() > most)
        text += "; and " + std::to_string(envelope.signatures.size() - most) + " more";
    return text;
}

// Gates 3 to 5. Every signature is looked at, even after a bad one: whether there is a good one too decides how much
// evidence the refusal is worth (PROTOCOL.md section 5).
void verify_signatures(SignatureVerdict& verdict, const Keyring& keyring, std::size_t threshold, WallTime now) {
    const auto& envelope = *verdict.envelope;
    const auto signed_bytes = pre_authentication_encoding(envelope.payload_type, envelope.payload);
    std::vector<KeyId> named;
    std::vector<KeyId> broken;
    const auto add_once = [](std::vector<KeyId>& ids, const KeyId& id) {
        if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
    };
    for (const auto& signature : envelope.signatures) {
        const auto* entry = keyring.find(signature.key_id, now);
        if (entry == nullptr) continue;
        add_once(named, entry->key.key_id());
        const auto good = entry->key.verify(signed_bytes, signature.bytes);
        add_once(good.has_value() ? verdict.verified_by : broken, entry->key.key_id());
    }
    auto& gates = verdict.gates;
    if (named.empty()) {
        gates.push_back(refused(Gate::untrusted_key, describe_strangers(envelope, keyring)));
        return;
    }
    gates.push_back(passed(Gate::untrusted_key, "configured and valid: " + list_of(named)));
    if (!broken.empty()) {
        gates.push_back(
            refused(Gate::bad_signature, "a signature does not verify under the key it names: " + list_of(broken)));
        return;
    }
    gates.push_back(passed(Gate::bad_signature, "verified: " + list_of(verdict.verified_by)));
    const auto have = count_of(verdict.verified_by.size(), "key") + " of at least " + std::to_string(threshold);
    const bool enough = verdict.verified_by.size() >= threshold;
    gates.push_back(enough
                        ? passed(Gate::threshold_not_met, have)
                        : refused(Gate::threshold_not_met, "signed by " + have + ": " + list_of(verdict.verified_by)));
}

// Gate 6.
void open_payload(SignatureVerdict& verdict, const std::optional<std::string>& offered_id) {
    auto payload = parse_order(verdict.envelope->payload);
    if (payload.has_error()) {
        verdict.gates.push_back(refused(Gate::malformed_payload, payload.error().message()));
        return;
    }
    const auto& order_id = payload.value().order_id.str();
    if (offered_id && *offered_id != order_id) {
        // PROTOCOL.md section 6: the id beside an envelope is a courier's claim, so the envelope is not to blame.
        verdict.held_against_envelope = false;
        verdict.gates.push_back(refused(Gate::malformed_payload, "offered as " + agent::quoted(*offered_id) +
                                                                     ", but the signed order_id is " + order_id));
        return;
    }
    verdict.gates.push_back(passed(Gate::malformed_payload, "order_id " + order_id));
    verdict.payload = std::move(payload).value();
}

bool refuses(const SignatureVerdict& verdict) { return verdict.gates.back().verdict == Verdict::refuse; }

void append_sized(std::string& text, std::string_view part) {
    text.append(std::to_string(part.size())).append(1, ':').append(part);
}

}  // namespace

SignatureVerdict verify_envelope(std::string_view envelope_bytes, const Keyring& keyring, std::size_t threshold,
                                 const std::optional<std::string>& offered_id, WallTime now) {
    SignatureVerdict verdict;
    verdict.envelope = open_envelope(envelope_bytes, verdict.gates);
    if (!verdict.envelope) return verdict;
    verify_signatures(verdict, keyring, threshold, now);
    if (!refuses(verdict)) open_payload(verdict, offered_id);
    return verdict;
}

std::string envelope_identity(std::string_view envelope_bytes) {
    // The two kinds begin differently, so that no rubbish can be made up that stands for a genuine envelope. The type
    // counts for the same reason: under another one the genuine payload and signatures are malformed.
    if (envelope_bytes.size() <= limits::envelope_bytes) {
        if (const auto envelope = parse_envelope(envelope_bytes); envelope.has_value()) {
            std::string text{"envelope "};
            append_sized(text, envelope.value().payload_type);
            append_sized(text, envelope.value().payload);
            for (const auto& signature : envelope.value().signatures) {
                append_sized(text, signature.key_id);
                append_sized(text, signature.bytes);
            }
            return sha256_hex(text);
        }
    }
    return sha256_hex("bytes " + std::string{envelope_bytes});
}

std::variant<GateEntry, SubmittedOrder> judge_signatures(std::string_view envelope_bytes, const Keyring& keyring,
                                                         WallTime now) {
    auto verdict = verify_envelope(envelope_bytes, keyring, 1, std::nullopt, now);
    if (!verdict.envelope || !verdict.payload) return std::move(verdict.gates.back());
    return SubmittedOrder{*std::move(verdict.envelope), *std::move(verdict.payload)};
}

}  // namespace agent
