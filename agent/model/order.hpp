#pragma once
// An order on its way from the wire to execution. Each stage is a type of its own: a stage that is skipped
// does not compile.
//
//   bytes → SignedEnvelope → VerifiedOrder → AdmittedOrder → executed, with evidence
//           gates 1, 2       gates 3 to 6    all gates, and stored durably
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/ids.hpp"
#include "model/value.hpp"
#include "model/vocabulary.hpp"

namespace agent {

// PROTOCOL.md section 4: RB-[A-Z0-9-]+, at most 64 characters.
[[nodiscard]] bool is_runbook_id(std::string_view text) noexcept;

struct EnvelopeSignature {
    std::string key_id;  // as claimed
    std::string bytes;   // decoded
};

// A DSSE v1 envelope as received. Nothing in it may be believed yet.
struct SignedEnvelope {
    std::string payload_type;
    std::string payload;  // decoded bytes: what is signed, and what is parsed
    std::vector<EnvelopeSignature> signatures;
    Value members;  // the JSON members as received, for evidence
};

// The signed payload (PROTOCOL.md section 4).
struct OrderPayload {
    OrderId order_id;
    SiteId site_id;
    HostId host_id;  // may be "*"
    RunbookId runbook_id;
    Value params{Value::Object{}};
    std::string nonce;
    std::int64_t ttl_seconds{};
    WallTime issued_at;
    OrderMode mode{OrderMode::apply};
    std::optional<std::string> plan_sha256;

    [[nodiscard]] WallTime expires_at() const;  // issued_at + ttl; saturates
};

// One line of `order.gates` in evidence.
struct GateEntry {
    Gate gate{};
    Verdict verdict{Verdict::pass};
    std::string detail;
    friend bool operator==(const GateEntry&, const GateEntry&) = default;
};

// Signatures verified over the received bytes and the same bytes parsed: gates 1 to 6. Only OrderGates makes one.
class VerifiedOrder {
public:
    class Passkey {
        friend class OrderGates;
        Passkey() = default;
    };
    VerifiedOrder(Passkey, SignedEnvelope envelope, OrderPayload payload, std::vector<KeyId> verified_by)
        : envelope_{std::move(envelope)}, payload_{std::move(payload)}, verified_by_{std::move(verified_by)} {}
    VerifiedOrder(const VerifiedOrder&) = delete;
    VerifiedOrder& operator=(const VerifiedOrder&) = delete;
    VerifiedOrder(VerifiedOrder&&) noexcept = default;
    VerifiedOrder& operator=(VerifiedOrder&&) noexcept = default;
    ~VerifiedOrder() = default;

    [[nodiscard]] const SignedEnvelope& envelope() const noexcept { return envelope_; }
    [[nodiscard]] const OrderPayload& payload() const noexcept { return payload_; }
    [[nodiscard]] const std::vector<KeyId>& verified_by() const noexcept { return verified_by_; }

private:
    SignedEnvelope envelope_;
    OrderPayload payload_;
    std::vector<KeyId> verified_by_;
};

// Accepted: every gate passed and the acceptance is on disk. Only the ledger makes one, in the transaction that
// stores nonce and order id, and the executor takes nothing else. Move-only: one order, one execution.
class AdmittedOrder {
public:
    class Passkey {
        friend class OrderLedger;
        Passkey() = default;
    };
    AdmittedOrder(Passkey, OrderPayload payload, Value envelope_members, std::vector<GateEntry> gates)
        : payload_{std::move(payload)}, envelope_{std::move(envelope_members)}, gates_{std::move(gates)} {}
    AdmittedOrder(const AdmittedOrder&) = delete;
    AdmittedOrder& operator=(const AdmittedOrder&) = delete;
    AdmittedOrder(AdmittedOrder&&) noexcept = default;
    AdmittedOrder& operator=(AdmittedOrder&&) noexcept = default;
    ~AdmittedOrder() = default;

    [[nodiscard]] const OrderPayload& payload() const noexcept { return payload_; }
    [[nodiscard]] const Value& envelope_members() const noexcept { return envelope_; }
    [[nodiscard]] const std::vector<GateEntry>& gates() const noexcept { return gates_; }

private:
    OrderPayload payload_;
    Value envelope_;
    std::vector<GateEntry> gates_;
};

static_assert(!std::is_convertible_v<SignedEnvelope, VerifiedOrder>);
static_assert(!std::is_convertible_v<VerifiedOrder, AdmittedOrder>);
static_assert(!std::is_default_constructible_v<VerifiedOrder> && !std::is_default_constructible_v<AdmittedOrder>);
static_assert(!std::is_copy_constructible_v<VerifiedOrder> && !std::is_copy_constructible_v<AdmittedOrder>);

}  // namespace agent
