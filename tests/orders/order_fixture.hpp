#pragma once
// Orders signed with keys made on the spot, and the gates of a host that knows some of these keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/encoding.hpp"
#include "codec/envelope.hpp"
#include "codec/order_codec.hpp"
#include "crypto/ed25519.hpp"
#include "orders/gates.hpp"

namespace agent::testing {

class OrderFixture : public ::testing::Test {
protected:
    static constexpr WallTime now{Duration{1'700'000'000'000}};  // 2023-11-14T22:13:20Z

    OrderFixture() {
        questions.familiarity = [this](const OrderPayload&, std::string_view) -> Result<Familiarity> {
            ++ledger_questions;
            return familiarity;
        };
        questions.runbook_known = [](const RunbookId&) { return std::optional<GateEntry>{}; };
        questions.params_fit = [](const RunbookId&, const Value&) { return std::optional<GateEntry>{}; };
        trust(alice);
    }

    static PrivateKey new_key() {
        auto key = PrivateKey::generate();
        EXPECT_TRUE(key.has_value());
        return std::move(key).value();
    }
    OrderKey& trust(const PrivateKey& key) {
        OrderKey entry{key.public_key(), {"*"}, std::nullopt, std::nullopt};
        keyring.keys.push_back(std::move(entry));
        return keyring.keys.back();
    }
    static const std::string& id_of(const PrivateKey& key) { return key.public_key().key_id().str(); }

    // A sound order for this host, issued now.
    static OrderPayload sound_order() {
        OrderPayload order;
        order.order_id = OrderId{"order-1"};
        order.site_id = SiteId{"clinic-001"};
        order.host_id = HostId{"srv-01"};
        order.runbook_id = RunbookId{"RB-TEST"};
        order.nonce = "0123456789abcdef0123456789abcdef";
        order.ttl_seconds = 900;
        order.issued_at = now;
        return order;
    }
    static EnvelopeSignature signature_by(const PrivateKey& key, std::string_view payload) {
        const auto bytes = key.sign(pre_authentication_encoding(order_payload_type, payload));
        return {id_of(key), std::string{text_of(bytes)}};
    }
    static std::string envelope_of(std::string_view payload, const std::vector<const PrivateKey*>& signers) {
        std::vector<EnvelopeSignature> signatures;
        for (const auto* signer : signers) signatures.push_back(signature_by(*signer, payload));
        return write_envelope(order_payload_type, payload, signatures);
    }
    std::string signed_order(const OrderPayload& order) const { return envelope_of(write_order(order), {&alice}); }

    GateDecision decide(std::string_view envelope, const std::optional<std::string>& offered_id = std::nullopt,
                        WallTime at = now) const {
        const OrderGates gates{{SiteId{"clinic-001"}, HostId{"srv-01"}, &keyring, max_ttl_seconds}};
        auto decision = gates.decide(envelope, offered_id, at, questions);
        EXPECT_TRUE(decision.has_value());
        return std::move(decision).value();
    }
    Refusal refusal(std::string_view envelope, const std::optional<std::string>& offered_id = std::nullopt,
                    WallTime at = now) const {
        auto decision = decide(envelope, offered_id, at);
        if (auto* refused = std::get_if<Refusal>(&decision)) return std::move(*refused);
        ADD_FAILURE() << "not refused";
        return {};
    }
    bool passes(std::string_view envelope, WallTime at = now) const {
        const auto decision = decide(envelope, std::nullopt, at);
        return std::holds_alternative<PassedOrder>(decision);
    }

    PrivateKey alice = new_key();
    PrivateKey bob = new_key();
    PrivateKey mallory = new_key();  // never configured
    Keyring keyring;
    std::int64_t max_ttl_seconds{86'400};
    GateQuestions questions;
    Familiarity familiarity{Familiarity::unknown};
    mutable int ledger_questions{0};
};

// The words of the gates looked at, the refusing one with a "!".
inline std::vector<std::string> words_of(const std::vector<GateEntry>& gates) {
    std::vector<std::string> list;
    for (const auto& entry : gates)
        list.push_back((entry.verdict == Verdict::refuse ? "!" : "") + std::string{to_string(entry.gate)});
    return list;
}

}  // namespace agent::testing
