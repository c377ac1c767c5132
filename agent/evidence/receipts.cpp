#include "evidence/receipts.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "codec/envelope.hpp"
#include "codec/receipt_codec.hpp"

namespace agent {
namespace {

// PROTOCOL.md section 3: signatures of keys that are not configured are ignored; one that names a configured key must
// verify.
Result<> verify_signatures(const SignedEnvelope& envelope, const std::vector<PublicKey>& keys) {
    const auto signed_bytes = pre_authentication_encoding(envelope.payload_type, envelope.payload);
    bool verified = false;
    for (const auto& signature : envelope.signatures) {
        const auto key = std::ranges::find_if(
            keys, [&](const PublicKey& candidate) { return candidate.key_id().str() == signature.key_id; });
        if (key == keys.end()) continue;
        if (key->verify(signed_bytes, signature.bytes).has_error())
            return Error{Errc::untrusted, "the receipt's signature by key " + signature.key_id + " does not verify"};
        verified = true;
    }
    if (verified) return ok();
    if (envelope.signatures.empty()) return Error{Errc::untrusted, "the receipt is not signed"};
    return Error{Errc::untrusted, "the receipt is signed by key " + agent::quoted(envelope.signatures.front().key_id) +
                                      ", which is no configured receipt key"};
}

Error differs(std::string_view member, std::string_view theirs, std::string_view ours) {
    return Error{Errc::malformed, "the receipt speaks of another bundle: its " + std::string{member} + " is " +
                                      agent::quoted(theirs) + ", the bundle's is " + agent::quoted(ours)};
}

}  // namespace

Result<Receipt> verify_receipt(std::string_view envelope_bytes, const SignedBundle& bundle, const SiteId& site,
                               const HostId& host, const std::vector<PublicKey>& receipt_keys) {
    AGENT_TRY(const auto envelope, in_context(parse_envelope(envelope_bytes), "the receipt's envelope"));
    if (envelope.payload_type != receipt_payload_type)
        return Error{Errc::malformed, "the receipt's payloadType is " + agent::quoted(envelope.payload_type)};
    AGENT_TRY(verify_signatures(envelope, receipt_keys));
    AGENT_TRY(auto receipt, in_context(parse_receipt(envelope.payload), "the receipt"));

    if (receipt.bundle_id != bundle.bundle_id)
        return differs("bundle_id", receipt.bundle_id.str(), bundle.bundle_id.str());
    if (receipt.sha256 != bundle.sha256) return differs("sha256", receipt.sha256, bundle.sha256);
    if (receipt.site_id != site) return differs("site_id", receipt.site_id.str(), site.str());
    if (receipt.host_id != host) return differs("host_id", receipt.host_id.str(), host.str());
    if (receipt.epoch != bundle.chain.epoch) return differs("epoch", receipt.epoch, bundle.chain.epoch);
    if (receipt.sequence != bundle.chain.sequence)
        return differs("sequence", std::to_string(receipt.sequence), std::to_string(bundle.chain.sequence));
    return receipt;
}

std::string sign_receipt(const Receipt& receipt, const PrivateKey& key) {
    const auto payload = write_receipt(receipt);
    const auto signature = key.sign(pre_authentication_encoding(receipt_payload_type, payload));
    return write_envelope(receipt_payload_type, payload,
                          {{key.public_key().key_id().str(), std::string{text_of(signature)}}});
}

}  // namespace agent
