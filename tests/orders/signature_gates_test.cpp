// Gates 1 to 6: from bytes to a payload that configured keys signed.
#include <array>
#include <set>

#include "crypto/digest.hpp"
#include "model/limits.hpp"
#include "order_fixture.hpp"

namespace agent {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class SignatureGates : public testing::OrderFixture {};

std::string padded_to(std::string envelope, std::size_t size) {
    envelope.append(size - envelope.size(), ' ');
    return envelope;
}

TEST_F(SignatureGates, PassesAnEnvelopeOfExactly64KiB) {
    EXPECT_TRUE(passes(padded_to(signed_order(sound_order()), limits::envelope_bytes)));
}

TEST_F(SignatureGates, RefusesAnEnvelopeOneByteOver64KiB) {
    const auto envelope = padded_to(signed_order(sound_order()), limits::envelope_bytes + 1);
    const auto refused = refusal(envelope);
    EXPECT_EQ(reason_of(refused), "too_large");
    EXPECT_THAT(testing::words_of(refused.gates), ElementsAre("!too_large"));
    EXPECT_THAT(refused.gates.back().detail, AllOf(HasSubstr("65537 bytes"), HasSubstr(sha256_hex(envelope))));
    EXPECT_TRUE(refused.envelope.is_null());
    EXPECT_FALSE(refused.payload);
    EXPECT_FALSE(refused.signed_by_known_key);
}

TEST_F(SignatureGates, RefusesWhatIsNoEnvelopeWithSizeAndDigest) {
    const std::string rubbish = "{\"payload\":";
    const auto refused = refusal(rubbish);
    EXPECT_EQ(refused.gate, Gate::malformed);
    EXPECT_THAT(testing::words_of(refused.gates), ElementsAre("too_large", "!malformed"));
    EXPECT_THAT(refused.gates.back().detail, AllOf(HasSubstr("11 bytes"), HasSubstr(sha256_hex(rubbish))));
    EXPECT_TRUE(refused.envelope.is_null());
}

TEST_F(SignatureGates, RefusesAnotherPayloadTypeAsMalformed) {
    const auto payload = write_order(sound_order());
    const auto bytes = alice.sign(pre_authentication_encoding(receipt_payload_type, payload));
    const auto refused =
        refusal(write_envelope(receipt_payload_type, payload, {{id_of(alice), std::string{text_of(bytes)}}}));
    EXPECT_EQ(refused.gate, Gate::malformed);
    EXPECT_THAT(refused.gates.back().detail, HasSubstr("receipt.v1+json"));
    EXPECT_TRUE(refused.envelope.is_null());
}

TEST_F(SignatureGates, RefusesAnEnvelopeWithoutASignatureByAConfiguredKey) {
    const auto refused = refusal(envelope_of(write_order(sound_order()), {&mallory}));
    EXPECT_EQ(reason_of(refused), "untrusted_key");
    EXPECT_THAT(testing::words_of(refused.gates), ElementsAre("too_large", "malformed", "!untrusted_key"));
    EXPECT_THAT(refused.gates.back().detail, HasSubstr(id_of(mallory)));
    EXPECT_FALSE(refused.envelope.is_null());
    EXPECT_FALSE(refused.payload);
    EXPECT_FALSE(refused.signed_by_known_key);
}

TEST_F(SignatureGates, RefusesAnEnvelopeWithoutAnySignature) {
    EXPECT_EQ(refusal(envelope_of(write_order(sound_order()), {})).gate, Gate::untrusted_key);
}

TEST_F(SignatureGates, AcceptsNothingWhereNoKeyIsConfigured) {
    keyring.keys.clear();
    const auto refused = refusal(signed_order(sound_order()));
    EXPECT_EQ(refused.gate, Gate::untrusted_key);
    EXPECT_THAT(refused.gates.back().detail, HasSubstr("no order key is configured"));
}

TEST_F(SignatureGates, TrustsAKeyUpToTheVeryMomentItsPeriodEnds) {
    keyring.keys.front().not_after = now;
    EXPECT_TRUE(passes(signed_order(sound_order())));
    keyring.keys.front().not_after = now - milliseconds{1};
    const auto refused = refusal(signed_order(sound_order()));
    EXPECT_EQ(refused.gate, Gate::untrusted_key);
    EXPECT_THAT(refused.gates.back().detail, HasSubstr("not after 2023-11-14T22:13:19.999Z"));
    EXPECT_FALSE(refused.signed_by_known_key);
}

TEST_F(SignatureGates, TrustsAKeyFromTheVeryMomentItsPeriodBegins) {
    keyring.keys.front().not_before = now;
    EXPECT_TRUE(passes(signed_order(sound_order())));
    keyring.keys.front().not_before = now + milliseconds{1};
    EXPECT_EQ(refusal(signed_order(sound_order())).gate, Gate::untrusted_key);
}

TEST_F(SignatureGates, IgnoresABrokenSignatureOfAnExpiredKey) {
    trust(bob).not_after = now - milliseconds{1};
    const auto payload = write_order(sound_order());
    EXPECT_TRUE(passes(write_envelope(order_payload_type, payload,
                                      {{id_of(bob), std::string(64, 'x')}, signature_by(alice, payload)})));
}

TEST_F(SignatureGates, IgnoresRubbishUnderAKeyIdThatIsNotConfigured) {
    const auto payload = write_order(sound_order());
    EXPECT_TRUE(passes(write_envelope(order_payload_type, payload,
                                      {{"rubbish", "x"}, {id_of(mallory), ""}, signature_by(alice, payload)})));
}

TEST_F(SignatureGates, RefusesAnAlteredPayload) {
    auto envelope = parse_envelope(signed_order(sound_order()));
    ASSERT_TRUE(envelope.has_value());
    auto altered = sound_order();
    altered.ttl_seconds = 901;
    const auto refused = refusal(write_envelope(order_payload_type, write_order(altered), envelope.value().signatures));
    EXPECT_EQ(reason_of(refused), "bad_signature");
    EXPECT_THAT(testing::words_of(refused.gates),
                ElementsAre("too_large", "malformed", "untrusted_key", "!bad_signature"));
    EXPECT_THAT(refused.gates.back().detail, HasSubstr(id_of(alice)));
    EXPECT_FALSE(refused.envelope.is_null());
    EXPECT_FALSE(refused.payload);
    EXPECT_FALSE(refused.signed_by_known_key);
}

TEST_F(SignatureGates, OneBrokenSignatureOfAConfiguredKeySpoilsTheWholeEnvelope) {
    trust(bob);
    const auto payload = write_order(sound_order());
    for (const auto& broken : {std::string(64, 'x'), std::string{}, std::string(63, '\0'), std::string(65, '\0')}) {
        const EnvelopeSignature bad{id_of(bob), broken};
        const auto good = signature_by(alice, payload);
        for (const auto& signatures : {std::vector{good, bad}, std::vector{bad, good}}) {
            const auto refused = refusal(write_envelope(order_payload_type, payload, signatures));
            EXPECT_EQ(refused.gate, Gate::bad_signature);
            EXPECT_TRUE(refused.signed_by_known_key);
            EXPECT_THAT(refused.gates.back().detail, AllOf(HasSubstr(id_of(bob)), Not(HasSubstr(id_of(alice)))));
        }
    }
}

TEST_F(SignatureGates, ABrokenSignatureBesideAGoodOneOfTheSameKeySpoilsTheEnvelopeToo) {
    const auto payload = write_order(sound_order());
    const EnvelopeSignature bad{id_of(alice), std::string(64, 'x')};
    EXPECT_EQ(refusal(write_envelope(order_payload_type, payload, {signature_by(alice, payload), bad})).gate,
              Gate::bad_signature);
}

TEST_F(SignatureGates, RefusesASignatureWhoseSIsNotCanonical) {
    // S + L verifies under a lax verifier: the same order under another envelope.
    constexpr std::array<unsigned char, 32> order_of_base_point{
        0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
    const auto payload = write_order(sound_order());
    auto signature = signature_by(alice, payload);
    unsigned carry = 0;
    for (std::size_t i = 0; i < order_of_base_point.size(); ++i) {
        carry += static_cast<unsigned char>(signature.bytes[32 + i]);
        carry += order_of_base_point[i];
        signature.bytes[32 + i] = static_cast<char>(carry & 0xFFU);
        carry >>= 8U;
    }
    EXPECT_EQ(refusal(write_envelope(order_payload_type, payload, {signature})).gate, Gate::bad_signature);
}

TEST_F(SignatureGates, AKeyOfSmallOrderNeverBecomesAnOrderKey) {
    PublicKey::Raw identity{};
    identity[0] = std::byte{1};
    EXPECT_FALSE(PublicKey::from_raw(identity).has_value());
    EXPECT_FALSE(PublicKey::from_raw(PublicKey::Raw{}).has_value());
}

TEST_F(SignatureGates, WantsAsManyKeysAsTheThreshold) {
    trust(bob);
    keyring.threshold = 2;
    const auto payload = write_order(sound_order());
    const auto refused = refusal(envelope_of(payload, {&alice, &mallory}));
    EXPECT_EQ(reason_of(refused), "threshold_not_met");
    EXPECT_THAT(testing::words_of(refused.gates),
                ElementsAre("too_large", "malformed", "untrusted_key", "bad_signature", "!threshold_not_met"));
    EXPECT_TRUE(refused.signed_by_known_key);
    EXPECT_FALSE(refused.payload);
    EXPECT_TRUE(passes(envelope_of(payload, {&alice, &bob})));
}

TEST_F(SignatureGates, AKeyThatSignsTwiceCountsOnce) {
    trust(bob);
    keyring.threshold = 2;
    EXPECT_EQ(refusal(envelope_of(write_order(sound_order()), {&alice, &alice})).gate, Gate::threshold_not_met);
}

TEST_F(SignatureGates, AKeyConfiguredTwiceCountsOnce) {
    trust(alice);
    keyring.threshold = 2;
    EXPECT_EQ(refusal(envelope_of(write_order(sound_order()), {&alice, &alice})).gate, Gate::threshold_not_met);
}

TEST_F(SignatureGates, RefusesAPayloadThatIsNoOrder) {
    const auto refused = refusal(envelope_of("{}", {&alice}));
    EXPECT_EQ(reason_of(refused), "malformed");
    EXPECT_THAT(testing::words_of(refused.gates),
                ElementsAre("too_large", "malformed", "untrusted_key", "bad_signature", "threshold_not_met",
                            "!malformed_payload"));
    EXPECT_FALSE(refused.payload);
    EXPECT_TRUE(refused.held_against_envelope);
    EXPECT_TRUE(refused.signed_by_known_key);
    EXPECT_EQ(ledger_questions, 0);
}

TEST_F(SignatureGates, AnOfferUnderAnotherIdIsMalformedButNotHeldAgainstTheEnvelope) {
    const auto refused = refusal(signed_order(sound_order()), "order-2");
    EXPECT_EQ(refused.gate, Gate::malformed_payload);
    EXPECT_FALSE(refused.held_against_envelope);
    EXPECT_FALSE(refused.payload);
    EXPECT_THAT(refused.gates.back().detail, AllOf(HasSubstr("\"order-2\""), HasSubstr("order-1")));
}

TEST_F(SignatureGates, AnOfferUnderAnotherIdIsMalformedEvenIfThePayloadWasHandled) {
    familiarity = Familiarity::handled;
    EXPECT_EQ(refusal(signed_order(sound_order()), "order-2").gate, Gate::malformed_payload);
}

TEST_F(SignatureGates, TheIdentityOfAnEnvelopeIsItsContentNotItsLayout) {
    const auto envelope = signed_order(sound_order());
    EXPECT_EQ(envelope_identity(envelope), envelope_identity(' ' + envelope + '\n'));
    EXPECT_EQ(envelope_identity(envelope).size(), 64U);
    auto other = sound_order();
    other.ttl_seconds = 901;
    EXPECT_NE(envelope_identity(envelope), envelope_identity(signed_order(other)));
}

TEST_F(SignatureGates, TheIdentityOfAnEnvelopeHoldsItsTypeAndItsSignaturesInOrder) {
    const std::string payload = "payload";
    const EnvelopeSignature a{"a", "1"};
    const EnvelopeSignature b{"b", "2"};
    const std::vector<std::string> different{write_envelope(order_payload_type, payload, {a, b}),
                                             write_envelope(order_payload_type, payload, {b, a}),
                                             write_envelope(order_payload_type, payload, {a}),
                                             write_envelope(order_payload_type, payload, {}),
                                             write_envelope(receipt_payload_type, payload, {a, b}),
                                             write_envelope(order_payload_type, "payloa", {a, b}),
                                             write_envelope(order_payload_type, payload, {{"a1", ""}, b}),
                                             write_envelope(order_payload_type, payload, {{"", "a1"}, b})};
    std::set<std::string> identities;
    for (const auto& envelope : different) identities.insert(envelope_identity(envelope));
    EXPECT_EQ(identities.size(), different.size());
}

TEST_F(SignatureGates, NoRubbishHasTheIdentityOfAnEnvelope) {
    const auto envelope = write_envelope(order_payload_type, "p", {});
    const std::string what_is_hashed =
        "envelope " + std::to_string(order_payload_type.size()) + ':' + std::string{order_payload_type} + "1:p";
    EXPECT_EQ(envelope_identity(envelope), sha256_hex(what_is_hashed));
    EXPECT_NE(envelope_identity(what_is_hashed), envelope_identity(envelope));
    const auto too_large = padded_to(envelope, limits::envelope_bytes + 1);
    EXPECT_NE(envelope_identity(too_large), envelope_identity(envelope));
    EXPECT_EQ(envelope_identity(padded_to(envelope, limits::envelope_bytes)), envelope_identity(envelope));
}

TEST_F(SignatureGates, AServerWantsOneGoodSignatureWhateverTheThreshold) {
    trust(bob);
    keyring.threshold = 2;
    const auto judged = judge_signatures(signed_order(sound_order()), keyring, now);
    const auto* order = std::get_if<SubmittedOrder>(&judged);
    ASSERT_NE(order, nullptr);
    EXPECT_EQ(order->payload.order_id, OrderId{"order-1"});
    EXPECT_EQ(order->envelope.payload, write_order(sound_order()));
}

TEST_F(SignatureGates, AServerRefusesWithTheFirstGateThatDoes) {
    const auto gate_of = [this](const std::string& envelope) {
        const auto judged = judge_signatures(envelope, keyring, now);
        const auto* entry = std::get_if<GateEntry>(&judged);
        return entry == nullptr ? std::string{"passed"} : std::string{to_string(entry->gate)};
    };
    EXPECT_EQ(gate_of("[]"), "malformed");
    EXPECT_EQ(gate_of(envelope_of(write_order(sound_order()), {&mallory})), "untrusted_key");
    EXPECT_EQ(gate_of(envelope_of("[]", {&alice})), "malformed_payload");
}

}  // namespace
}  // namespace agent
