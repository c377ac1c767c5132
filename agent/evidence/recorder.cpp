#include "evidence/recorder.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "codec/bundle_codec.hpp"
#include "codec/json.hpp"
#include "crypto/digest.hpp"
#include "crypto/random.hpp"
#include "model/limits.hpp"

namespace agent {
namespace {

// Everything but `pre_state` and its kin is moved out of the draft: it is the draft's last use.
Bundle make_bundle(EvidenceDraft draft, const Speaker& speaker) {
    Bundle bundle;
    bundle.bundle_id = BundleId{random_uuid()};
    bundle.site_id = speaker.site_id;
    bundle.host_id = speaker.host_id;
    bundle.deployment_mode = speaker.deployment_mode;
    bundle.reseller_id = speaker.reseller_id;
    bundle.agent_version = speaker.agent_version;
    bundle.agent_build = speaker.agent_build;
    bundle.policy_version = speaker.policy_version;
    bundle.ruleset_hash = speaker.ruleset_hash;
    bundle.nixos_revision = speaker.nixos_revision;
    bundle.derivation_digest = speaker.derivation_digest;
    bundle.timestamp_start = draft.started;
    bundle.timestamp_end = draft.ended;
    bundle.trigger = draft.trigger;
    bundle.check = std::move(draft.check);
    bundle.result = draft.result;
    bundle.severity = draft.severity;
    bundle.controls = std::move(draft.controls);
    bundle.pre_state = std::move(draft.pre_state);
    bundle.post_state = std::move(draft.post_state);
    bundle.action_taken = std::move(draft.action_taken);
    bundle.plan = std::move(draft.plan);
    bundle.rollback_available = draft.rollback_available;
    bundle.rollback_generation = draft.rollback_generation;
    bundle.outcome = draft.outcome;
    bundle.error = std::move(draft.error);
    bundle.order_id = std::move(draft.order_id);
    bundle.runbook_id = std::move(draft.runbook_id);
    bundle.runbook_sha256 = std::move(draft.runbook_sha256);
    bundle.order = std::move(draft.order);
    return bundle;
}

// The first bundle of a new epoch says what became of the file before.
void tell_set_aside(Bundle& bundle, const std::string& note) {
    if (bundle.pre_state.object() == nullptr) bundle.pre_state = Value{Value::Object{}};
    bundle.pre_state.set("state_file", Value::object({{"set_aside", note}}));
    if (!bundle.error || bundle.error->empty()) bundle.error = note;
}

Value digest_of(const Value& state) {
    const auto bytes = write_json(state);
    return Value::object({{"sha256", sha256_hex(bytes)}, {"size", static_cast<std::int64_t>(bytes.size())}});
}

void shorten(std::string& text, std::size_t most) {
    if (text.size() > most) text = text.substr(0, most) + "[cut]";
}

// `kept` stays: what it says is nowhere else.
void give_way(Value& state, std::string_view kept) {
    const auto* member = state.find(kept);
    const auto value = member != nullptr ? *member : Value{};
    state = digest_of(state);
    if (!value.is_null()) state.set(std::string{kept}, value);
}

// What the host was like gives way first, then what programs printed, then the plan; who, what and why stay.
void give_way(Bundle& bundle, int step) {
    constexpr std::size_t output_most = 256;
    constexpr std::size_t detail_most = 1024;
    if (step == 0) {
        give_way(bundle.pre_state, "state_file");
        give_way(bundle.post_state, "joined");
    } else if (step == 1) {
        for (auto& action : bundle.action_taken) {
            shorten(action.output_head, output_most);
            shorten(action.output_tail, output_most);
        }
        if (bundle.plan)
            for (auto& planned : bundle.plan->steps) {
                planned.current = digest_of(planned.current);
                planned.desired = digest_of(planned.desired);
            }
    } else {
        for (auto& action : bundle.action_taken) action.command.reset();
        if (bundle.error) shorten(*bundle.error, detail_most);
        if (bundle.order)
            for (auto& gate : bundle.order->gates) shorten(gate.detail, detail_most);
    }
}

// PROTOCOL.md section 5: at most 1 MiB.
Result<std::string> serialise(Bundle bundle) {
    constexpr int ways_to_shorten = 3;
    constexpr std::size_t offered_id_most = 256;  // a claim of whoever offered it, of any length
    if (bundle.order) shorten(bundle.order->offered_id, offered_id_most);
    auto bytes = write_bundle(bundle);
    if (bytes.size() <= limits::bundle_bytes) return bytes;
    const std::string remark = "too large (" + std::to_string(bytes.size()) +
                               " bytes in all): states are given as SHA-256 and size of their JSON, outputs may be cut";
    // A refusal or deferral starts with its reason word, so the remark stands behind.
    bundle.error = bundle.error && !bundle.error->empty() ? *bundle.error + "; " + remark : remark;
    for (int step = 0; step < ways_to_shorten && bytes.size() > limits::bundle_bytes; ++step) {
        give_way(bundle, step);
        bytes = write_bundle(bundle);
    }
    if (bytes.size() <= limits::bundle_bytes) return bytes;
    return Error{Errc::malformed, "evidence of " + std::to_string(bytes.size()) +
                                      " bytes, however shortened; at most " + std::to_string(limits::bundle_bytes) +
                                      " are allowed"};
}

}  // namespace

Recorder::Recorder(StateStore& store, const TimeSource& time, const PrivateKey& key, Speaker speaker)
    : store_{store}, time_{time}, key_{key}, speaker_{std::move(speaker)} {}

Result<Recorded> Recorder::record(Transaction& transaction, EvidenceDraft draft) {
    AGENT_TRY(const auto head, store_.evidence().head());
    AGENT_TRY(const auto note, store_.memory().set_aside_note());

    auto bundle = make_bundle(std::move(draft), speaker_);
    if (time_.mono_now() <= ntp_offset_until_) bundle.ntp_offset_ms = ntp_offset_ms_;
    bundle.signer = key_.public_key().key_id();
    bundle.chain = ChainLink{head.epoch, head.sequence + 1, head.head_sha256};
    if (note) {
        tell_set_aside(bundle, *note);
        AGENT_TRY(store_.memory().clear_set_aside_note(transaction));
    }

    SignedBundle signed_bundle;
    signed_bundle.bundle_id = bundle.bundle_id;
    signed_bundle.chain = bundle.chain;
    signed_bundle.check = bundle.check;
    signed_bundle.result = bundle.result;
    signed_bundle.outcome = bundle.outcome;
    signed_bundle.order_id = bundle.order_id;
    signed_bundle.created_at = time_.wall_now();
    AGENT_TRY(signed_bundle.bytes, serialise(std::move(bundle)));
    signed_bundle.sha256 = sha256_hex(signed_bundle.bytes);
    signed_bundle.signature = key_.sign(signed_bundle.bytes);
    AGENT_TRY(store_.evidence().append(transaction, signed_bundle));
    return Recorded{signed_bundle.bundle_id, signed_bundle.chain.sequence, signed_bundle.sha256};
}

Result<Recorded> Recorder::record(EvidenceDraft draft) {
    AGENT_TRY(auto transaction, store_.begin());
    AGENT_TRY(auto recorded, record(transaction, std::move(draft)));
    AGENT_TRY(transaction.commit());
    return recorded;
}

}  // namespace agent
