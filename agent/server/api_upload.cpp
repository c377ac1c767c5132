#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "codec/bundle_codec.hpp"
#include "codec/json.hpp"
#include "codec/offers.hpp"
#include "crypto/digest.hpp"
#include "evidence/receipts.hpp"
#include "model/limits.hpp"
#include "server/api.hpp"
#include "server/multipart.hpp"

namespace agent::api {
namespace {

bool names_one_of(const std::vector<PublicKey>& keys, std::string_view key_id) {
    return std::any_of(keys.begin(), keys.end(), [&](const auto& key) { return key.key_id().str() == key_id; });
}

// signer.key_id of what need not be a bundle otherwise.
std::optional<std::string> claimed_signer(std::string_view bundle) {
    const auto value = parse_json(bundle);
    const auto* signer = value.has_value() ? value.value().find("signer") : nullptr;
    const auto* key_id = signer == nullptr ? nullptr : signer->find("key_id");
    const auto* text = key_id == nullptr ? nullptr : key_id->string();
    return text == nullptr ? std::nullopt : std::optional{*text};
}

// Refuses where the claimed signer is none of the host's keys, where no key verifies the bytes, and where another than
// the claimed one does. Only the word of the refusal depends on what unverified bytes claim.
std::optional<Reply> refuse_signature(const std::vector<PublicKey>& keys, const PublicKey* verifier,
                                      const std::optional<std::string>& claimed) {
    if (claimed && !names_one_of(keys, *claimed))
        return refusal(422, "unknown_evidence_key",
                       "no evidence key " + quoted(*claimed, 64) + " was added for this host");
    if (verifier == nullptr)
        return refusal(422, "bad_signature", "the signature is not of these bytes by an evidence key of this host");
    if (claimed && *claimed != verifier->key_id().str())
        return refusal(422, "bad_signature", "the signature is not by the key that signer.key_id names");
    return std::nullopt;
}

// What the bundle says of an order, if it says it of the order's own payload (PROTOCOL.md section 6).
Result<> report_to_order(Service& service, const BundleSummary& summary, WallTime now) {
    if (!summary.order_id || !summary.order_payload) return ok();
    AGENT_TRY(const auto order, service.orders.find(*summary.order_id));
    if (!order || !order->is_for(summary.site_id, summary.host_id) || order->payload != *summary.order_payload)
        return ok();
    const auto status = status_of(summary.outcome);
    return service.orders.report(order->order_id, {.host_id = summary.host_id,
                                                   .status = status,
                                                   .reason = reason_in(status, summary.error),
                                                   .bundle_id = summary.bundle_id.str(),
                                                   .updated_at = now});
}

Reply receipt_reply(int status, const ArchivedBundle& bundle, std::string receipt) {
    Reply reply;
    reply.response.status = status;
    reply.response.body =
        write_upload_answer({.bundle_id = bundle.bundle_id,
                             .sha256 = bundle.sha256,
                             .received_at = bundle.received_at,
                             .chain = {.epoch = bundle.epoch, .sequence = bundle.sequence, .previous_sha256 = {}},
                             .gap = bundle.gap,
                             .fork = bundle.fork,
                             .receipt = std::move(receipt)});
    return reply;
}

Result<Reply> known_already(Service& service, const ArchivedBundle& known, const std::string& sha256) {
    if (known.sha256 != sha256)
        return refusal(
            409, "bundle_conflict",
            "other bytes are archived under the bundle id " + known.bundle_id.str() + ", with SHA-256 " + known.sha256);
    AGENT_TRY(auto documents, service.evidence.documents(known.position));
    return receipt_reply(200, known, std::move(documents.receipt));
}

Result<Reply> archive(Service& service, const BundleSummary& summary, const EvidenceForm& form) {
    const auto sha256 = sha256_hex(form.bundle);
    AGENT_TRY(auto transaction, Transaction::begin(service.database));
    AGENT_TRY(const auto known, service.evidence.find(summary.bundle_id));
    if (known) return known_already(service, *known, sha256);
    const auto now = service.time.wall_now();
    auto receipt = sign_receipt({.bundle_id = summary.bundle_id,
                                 .sha256 = sha256,
                                 .site_id = summary.site_id,
                                 .host_id = summary.host_id,
                                 .epoch = summary.chain.epoch,
                                 .sequence = summary.chain.sequence,
                                 .received_at = now},
                                service.receipt_key);
    AGENT_TRY(service.evidence.add(
        summary, sha256, now,
        {.bytes = std::string{form.bundle}, .signature = std::string{form.signature}, .receipt = receipt}));
    AGENT_TRY(report_to_order(service, summary, now));
    AGENT_TRY(service.hosts.write_seen());
    AGENT_TRY(const auto stored, service.evidence.find(summary.bundle_id));
    AGENT_TRY(transaction.commit());
    return receipt_reply(201, *stored, std::move(receipt));
}

}  // namespace

// POST /api/evidence: the checks in the order of PROTOCOL.md section 6; nothing is believed before the signature holds.
Result<Reply> upload_evidence(const Call& call) {
    auto& service = call.service;
    const auto form = parse_evidence_form(call.request.content_type, call.request.body);
    if (form.has_error()) return refusal(400, "malformed", form.error().message());
    const auto bundle = form.value().bundle;
    if (bundle.size() > limits::bundle_bytes)
        return refusal(413, "too_large",
                       "the bundle has " + std::to_string(bundle.size()) + " bytes; at most " +
                           std::to_string(limits::bundle_bytes) + " are allowed");

    AGENT_TRY(const auto keys, service.hosts.keys(call.caller.site_id(), call.caller.host_id()));
    if (keys.empty())
        return refusal(422, "unknown_evidence_key",
                       "no evidence key was added for this host; run: compliance-server host add");
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const PublicKey& key) {
        return key.verify(bundle, form.value().signature).has_value();
    });
    const auto* verifier = found == keys.end() ? nullptr : &*found;
    const auto summary = parse_bundle(bundle);
    const auto claimed = summary.has_value() ? std::optional{summary.value().signer.str()} : claimed_signer(bundle);
    if (auto refused = refuse_signature(keys, verifier, claimed)) return *std::move(refused);
    if (summary.has_error()) return refusal(422, "malformed", summary.error().message());
    if (summary.value().site_id != call.caller.site_id() || summary.value().host_id != call.caller.host_id())
        return refusal(403, "identity_mismatch", "site_id and host_id of the bundle are not those of the certificate");
    return archive(service, summary.value(), form.value());
}

}  // namespace agent::api
