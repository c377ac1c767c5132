#include "evidence/receipts.hpp"

#include "base/encoding.hpp"
#include "codec/envelope.hpp"
#include "codec/receipt_codec.hpp"
#include "evidence_fixture.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;

class ReceiptsTest : public testing::EvidenceTest {
protected:
    Result<Receipt> verify(std::string_view envelope, const std::vector<PublicKey>& keys) {
        return verify_receipt(envelope, bundle, testing::speaker().site_id, testing::speaker().host_id, keys);
    }
    Result<Receipt> verify(const Receipt& receipt) {
        return verify(sign_receipt(receipt, server_key), {server_key.public_key()});
    }
    SignedBundle bundle{stored(record().bundle_id).bundle};
};

TEST_F(ReceiptsTest, AReceiptForExactlyThisBundleVerifies) {
    const auto receipt = verify(receipt_for(bundle));
    ASSERT_TRUE(receipt.has_value()) << receipt.error().message();
    EXPECT_EQ(receipt.value().received_at, receipt_for(bundle).received_at);
}

TEST_F(ReceiptsTest, EveryMemberMustBeThatOfTheBundle) {
    const auto refused = [&](std::string_view member, auto change) {
        auto receipt = receipt_for(bundle);
        change(receipt);
        const auto verdict = verify(receipt);
        ASSERT_TRUE(verdict.has_error()) << member;
        EXPECT_EQ(verdict.error().code(), Errc::malformed);
        EXPECT_THAT(verdict.error().message(), HasSubstr("its " + std::string{member} + " is"));
    };
    refused("bundle_id", [](Receipt& r) { r.bundle_id = BundleId{"0f0e0d0c-0b0a-4900-8807-060504030201"}; });
    refused("sha256", [](Receipt& r) { r.sha256 = std::string(64, '0'); });
    refused("site_id", [](Receipt& r) { r.site_id = SiteId{"clinic-002"}; });
    refused("host_id", [](Receipt& r) { r.host_id = HostId{"srv-02"}; });
    refused("epoch", [](Receipt& r) { r.epoch = "0f0e0d0c-0b0a-4900-8807-060504030201"; });
    refused("sequence", [](Receipt& r) { r.sequence += 1; });
}

TEST_F(ReceiptsTest, AKeyThatIsNotConfiguredProvesNothing) {
    const auto envelope = sign_receipt(receipt_for(bundle), new_key());
    EXPECT_EQ(verify(envelope, {server_key.public_key()}).error().code(), Errc::untrusted);
    EXPECT_EQ(verify(envelope, {}).error().code(), Errc::untrusted);
}

TEST_F(ReceiptsTest, AnyOfTheConfiguredKeysWillDo) {
    const auto envelope = sign_receipt(receipt_for(bundle), server_key);
    EXPECT_TRUE(verify(envelope, {new_key().public_key(), server_key.public_key()}).has_value());
}

TEST_F(ReceiptsTest, ASignatureOfAConfiguredKeyThatDoesNotVerifySpoilsTheOthers) {
    const auto payload = write_receipt(receipt_for(bundle));
    const auto good = server_key.sign(pre_authentication_encoding(receipt_payload_type, payload));
    const auto second = new_key();
    const auto envelope = write_envelope(receipt_payload_type, payload,
                                         {{server_key.public_key().key_id().str(), std::string{text_of(good)}},
                                          {second.public_key().key_id().str(), std::string(64, 'x')}});
    EXPECT_TRUE(verify(envelope, {server_key.public_key()}).has_value());
    EXPECT_EQ(verify(envelope, {server_key.public_key(), second.public_key()}).error().code(), Errc::untrusted);
}

TEST_F(ReceiptsTest, AnotherPayloadTypeIsNoReceipt) {
    const auto payload = write_receipt(receipt_for(bundle));
    const auto signature = server_key.sign(pre_authentication_encoding(order_payload_type, payload));
    const auto envelope = write_envelope(order_payload_type, payload,
                                         {{server_key.public_key().key_id().str(), std::string{text_of(signature)}}});
    EXPECT_EQ(verify(envelope, {server_key.public_key()}).error().code(), Errc::malformed);
}

TEST_F(ReceiptsTest, RubbishIsMalformed) {
    for (const auto* rubbish : {"", "{}", "null", "[1]"})
        EXPECT_EQ(verify(rubbish, {server_key.public_key()}).error().code(), Errc::malformed) << rubbish;
}

}  // namespace
}  // namespace agent
