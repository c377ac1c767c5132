#pragma once
// The gates of PROTOCOL.md section 4, in their order, stopping at the first refusal. Pure: what they must know is
// handed in, what they decide is a value. The caller writes evidence and carries out.
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/order.hpp"
#include "model/vocabulary.hpp"
#include "orders/keyring.hpp"
#include "store/order_ledger.hpp"

namespace agent {

// The key under which a refusal is remembered: type, payload and signatures, however the JSON is laid out; of bytes
// that are no envelope or too large for one, the bytes. 64 hex digits.
[[nodiscard]] std::string envelope_identity(std::string_view envelope_bytes);

struct Refusal {
    Gate gate{};
    std::vector<GateEntry> gates;         // with the refusing one last
    Value envelope;                       // members as received, null unless gates 1 and 2 were passed
    std::optional<OrderPayload> payload;  // only if gates 1 to 6 were passed
    bool signed_by_known_key{};           // at least one good signature of a configured key
    // An offer under another id than the payload's is malformed, which is not held against the envelope.
    bool held_against_envelope{true};
};
[[nodiscard]] std::string_view reason_of(const Refusal& refusal) noexcept;

// Gates 7 to 14 passed too; gate 15, policy and acceptance are still to come.
struct PassedOrder {
    VerifiedOrder order;
    std::vector<GateEntry> gates;
};

// The payload was accepted before: nothing is done, nothing recorded.
struct AlreadyHandled {
    OrderId order_id;
    std::vector<GateEntry> gates{};  // those looked at: 1 to 6
};

using GateDecision = std::variant<Refusal, AlreadyHandled, PassedOrder>;

struct GateSettings {
    SiteId site_id;
    HostId host_id;
    const Keyring* keyring{};
    std::int64_t max_ttl_seconds{86'400};
};

// What the gates ask of the rest of the agent. Every function must be there.
struct GateQuestions {
    // Is this payload known? An error is a storage fault: the order is not decided, and looked at again later.
    std::function<Result<Familiarity>(const OrderPayload&, std::string_view payload_bytes)> familiarity;
    // Orders issued before this cannot be told from replays (the ledger was lost); nothing if there is no such moment.
    std::optional<WallTime> orders_not_before;
    // Gates 12 and 14: empty if the runbook is known and takes these parameters, else the refusing gate and why.
    std::function<std::optional<GateEntry>(const RunbookId&)> runbook_known;
    std::function<std::optional<GateEntry>(const RunbookId&, const Value& params)> params_fit;
};

class OrderGates {
public:
    explicit OrderGates(GateSettings settings) : settings_{std::move(settings)} {}

    // Gates 1 to 14 for `envelope_bytes` offered under `offered_id` (nothing: not offered by a server, as in
    // `order verify`). `now` is TimeMark::now. A payload accepted before is AlreadyHandled as soon as gates 1 to 6 have
    // passed, so that a late second offer neither expires nor replays.
    [[nodiscard]] Result<GateDecision> decide(std::string_view envelope_bytes,
                                              const std::optional<std::string>& offered_id, WallTime now,
                                              const GateQuestions& questions) const;

private:
    GateSettings settings_;
};

// Gate 15: `current_plan_sha256` is the plan of the host as it is now. An order that quotes none, or that only plans,
// passes.
[[nodiscard]] GateEntry judge_plan(const OrderPayload& order, std::string_view current_plan_sha256);

// Gates 1 to 6 and 8 to 10 as a server applies them to a submitted order (PROTOCOL.md section 6): threshold 1, whatever
// the keyring's. A refusal is the entry of the refusing gate.
struct SubmittedOrder {
    SignedEnvelope envelope;
    OrderPayload payload;
};
[[nodiscard]] std::variant<GateEntry, SubmittedOrder> judge_signatures(std::string_view envelope_bytes,
                                                                       const Keyring& keyring, WallTime now);
[[nodiscard]] std::optional<GateEntry> judge_times(const OrderPayload& order, std::int64_t max_ttl_seconds,
                                                   WallTime now);

}  // namespace agent
