#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/offers.hpp"
#include "evidence/receipts.hpp"
#include "server/service_fixture.hpp"

namespace agent::testing {
namespace {

class EvidenceApi : public ServiceFixture {
protected:
    EvidenceApi() { enrol(evidence_key); }

    Value meta(const Bundle& bundle) {
        return json(send(operator_caller(), "GET", "/api/evidence/" + bundle.bundle_id.str()));
    }
    std::string flags(const Bundle& bundle) {
        const auto found = meta(bundle);
        const auto* chain = found.find("chain");
        return "gap " + text(*chain, "gap") + ", fork " + text(*chain, "fork");
    }
    Value only_host() {
        const auto hosts = json(send(operator_caller(), "GET", "/api/hosts"));
        return hosts.find("items")->array()->at(0);
    }
};

std::string digest_of(const Bundle& bundle) { return sha256_hex(write_bundle(bundle)); }

TEST_F(EvidenceApi, AnswersWithAReceiptThatSpeaksOfExactlyTheseBytes) {
    const auto bundle = a_bundle(evidence_key, 1, zeros);
    const auto bytes = write_bundle(bundle);
    const auto reply = upload(bundle);
    ASSERT_EQ(reply.response.status, 201) << reply.response.body;
    const auto answer = parse_upload_answer(reply.response.body);
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(text(json(reply), "sha256"), sha256_hex(bytes));
    EXPECT_EQ(text(json(reply), "bundle_id"), bundle.bundle_id.str());
    EXPECT_EQ(text(json(reply), "received_at"), format_rfc3339(time.wall));
    EXPECT_EQ(text(*json(reply).find("chain"), "sequence"), "1");
    SignedBundle sent;
    sent.bundle_id = bundle.bundle_id;
    sent.bytes = bytes;
    sent.signature = evidence_key.sign(bytes);
    sent.sha256 = sha256_hex(bytes);
    sent.chain = bundle.chain;
    const auto receipt = verify_receipt(answer.value().receipt, sent, SiteId{"clinic-001"}, HostId{"srv-01"},
                                        {receipt_key.public_key()});
    EXPECT_TRUE(receipt.has_value()) << receipt.error().message();
}

TEST_F(EvidenceApi, TheSameBytesAgainGetTheFirstReceiptEvenAfterARestart) {
    const auto bundle = a_bundle(evidence_key, 1, zeros);
    const auto first = upload(bundle);
    time.advance(std::chrono::hours{1});
    start();
    const auto second = upload(bundle);
    EXPECT_EQ(second.response.status, 200);
    EXPECT_EQ(second.response.body, first.response.body);
    EXPECT_EQ(flags(bundle), "gap false, fork false");
}

TEST_F(EvidenceApi, RefusesInTheOrderOfTheProtocol) {
    const auto bundle = a_bundle(evidence_key, 1, zeros);
    const auto bytes = write_bundle(bundle);
    const auto signature = text_of_signature(evidence_key.sign(bytes));
    EXPECT_EQ(reason(send(host_caller(), "POST", "/api/evidence", bytes)), "400 malformed");
    EXPECT_EQ(reason(upload_bytes(bytes, "short")), "400 malformed");
    EXPECT_EQ(reason(upload_bytes(std::string(1024 * 1024 + 1, 'x'), signature)), "413 too_large");
    EXPECT_EQ(reason(upload_bytes(bytes, signature, host_caller("srv-02"))), "422 unknown_evidence_key");

    const auto other_key = PrivateKey::generate().value();
    auto unknown = bundle;
    unknown.signer = other_key.public_key().key_id();
    const auto unknown_bytes = write_bundle(unknown);
    EXPECT_EQ(reason(upload_bytes(unknown_bytes, text_of_signature(other_key.sign(unknown_bytes)))),
              "422 unknown_evidence_key");
    EXPECT_EQ(reason(upload_bytes(bytes, text_of_signature(other_key.sign(bytes)))), "422 bad_signature");
    EXPECT_EQ(reason(upload_bytes("no json", signature)), "422 bad_signature");
    const std::string claim = R"({"signer":{"key_id":")" + other_key.public_key().key_id().str() + R"("}})";
    EXPECT_EQ(reason(upload_bytes(claim, text_of_signature(evidence_key.sign(claim)))), "422 unknown_evidence_key");
    EXPECT_EQ(reason(upload_bytes("no json", text_of_signature(evidence_key.sign("no json")))), "422 malformed");

    enrol(evidence_key, "srv-02");
    EXPECT_EQ(reason(upload_bytes(bytes, signature, host_caller("srv-02"))), "403 identity_mismatch");
    ASSERT_EQ(upload(bundle).response.status, 201);
    auto conflict = bundle;
    conflict.check = "time_sync";
    EXPECT_EQ(reason(upload(conflict)), "409 bundle_conflict");
}

TEST_F(EvidenceApi, EveryKeyThatWasAddedStaysValid) {
    const auto later_key = PrivateKey::generate().value();
    enrol(later_key);
    enrol(later_key);
    ASSERT_EQ(upload(a_bundle(evidence_key, 1, zeros)).response.status, 201);
    auto bundle = a_bundle(later_key, 1, zeros);
    bundle.chain.epoch = random_uuid();
    const auto bytes = write_bundle(bundle);
    EXPECT_EQ(reason(upload_bytes(bytes, text_of_signature(evidence_key.sign(bytes)))), "422 bad_signature");
    EXPECT_EQ(upload_bytes(bytes, text_of_signature(later_key.sign(bytes))).response.status, 201);
}

TEST_F(EvidenceApi, FlagsAGapUntilWhatWasMissingComes) {
    const auto first = a_bundle(evidence_key, 1, zeros);
    const auto second = a_bundle(evidence_key, 2, digest_of(first));
    const auto third = a_bundle(evidence_key, 3, digest_of(second));
    ASSERT_EQ(upload(first).response.status, 201);
    ASSERT_EQ(upload(third).response.status, 201);
    EXPECT_EQ(flags(third), "gap true, fork false");
    EXPECT_EQ(text(*only_host().find("chain"), "gaps"), "1");
    ASSERT_EQ(upload(second).response.status, 201);
    EXPECT_EQ(flags(second), "gap false, fork false");
    EXPECT_EQ(flags(third), "gap false, fork false");
    const auto host = only_host();
    EXPECT_EQ(text(*host.find("chain"), "gaps"), "0");
    EXPECT_EQ(text(*host.find("chain"), "sequence"), "3");
    EXPECT_EQ(text(*host.find("chain"), "head_sha256"), digest_of(third));
    EXPECT_EQ(text(host, "last_seen"), format_rfc3339(time.wall));
}

TEST_F(EvidenceApi, AGapIsOneHoleAndOnlyTheBytesThatBelongThereFillIt) {
    const auto first = a_bundle(evidence_key, 1, zeros);
    const auto second = a_bundle(evidence_key, 2, digest_of(first));
    const auto third = a_bundle(evidence_key, 3, digest_of(second));
    const auto twin = a_bundle(evidence_key, 3, digest_of(second));
    for (const auto& bundle : {first, third, twin}) ASSERT_EQ(upload(bundle).response.status, 201);
    EXPECT_EQ(text(*only_host().find("chain"), "gaps"), "1");
    ASSERT_EQ(upload(a_bundle(evidence_key, 2, digest_of(first))).response.status, 201);
    EXPECT_EQ(flags(third), "gap true, fork false");
    ASSERT_EQ(upload(second).response.status, 201);
    EXPECT_EQ(flags(third), "gap false, fork false");
    EXPECT_EQ(text(*only_host().find("chain"), "gaps"), "0");
}

TEST_F(EvidenceApi, KnowsABundleByItsIdHoweverThatIsWritten) {
    auto bundle = a_bundle(evidence_key, 1, zeros);
    bundle.bundle_id = BundleId{"0d5f4a5e-9f0e-4f4e-8b5e-3f6f2a9d6c12"};
    ASSERT_EQ(upload(bundle).response.status, 201);
    const auto* shouted = "/api/evidence/0D5F4A5E-9F0E-4F4E-8B5E-3F6F2A9D6C12";
    EXPECT_EQ(send(operator_caller(), "GET", shouted).response.status, 200);
    bundle.bundle_id = BundleId{"0D5F4A5E-9F0E-4F4E-8B5E-3F6F2A9D6C12"};
    EXPECT_EQ(reason(upload(bundle)), "409 bundle_conflict");
}

TEST_F(EvidenceApi, FlagsAForkOfEveryKindAndKeepsIt) {
    const auto first = a_bundle(evidence_key, 1, zeros);
    ASSERT_EQ(upload(first).response.status, 201);
    const auto twin = a_bundle(evidence_key, 1, zeros);
    ASSERT_EQ(upload(twin).response.status, 201);
    EXPECT_EQ(flags(first), "gap false, fork false");
    EXPECT_EQ(flags(twin), "gap false, fork true");
    const auto stranger = a_bundle(evidence_key, 2, std::string(64, 'a'));
    ASSERT_EQ(upload(stranger).response.status, 201);
    EXPECT_EQ(flags(stranger), "gap false, fork true");

    auto rooted = a_bundle(evidence_key, 1, std::string(64, 'b'));
    rooted.chain.epoch = random_uuid();
    ASSERT_EQ(upload(rooted).response.status, 201);
    EXPECT_EQ(flags(rooted), "gap false, fork true");

    auto late = a_bundle(evidence_key, 1, zeros);
    late.chain.epoch = random_uuid();
    auto early = a_bundle(evidence_key, 2, std::string(64, 'c'));
    early.chain.epoch = late.chain.epoch;
    ASSERT_EQ(upload(early).response.status, 201);
    ASSERT_EQ(upload(late).response.status, 201);
    EXPECT_EQ(flags(late), "gap false, fork true");
    EXPECT_EQ(text(*only_host().find("chain"), "forks"), "4");
}

TEST_F(EvidenceApi, HandsOutTheStoredBytes) {
    const auto bundle = a_bundle(evidence_key, 1, zeros);
    const auto bytes = write_bundle(bundle);
    const auto uploaded = parse_upload_answer(upload(bundle).response.body).value();
    const auto path = "/api/evidence/" + bundle.bundle_id.str();
    EXPECT_EQ(send(operator_caller(), "GET", path + "/bundle").response.body, bytes);
    const auto signature = send(operator_caller(), "GET", path + "/signature").response;
    EXPECT_EQ(signature.body, text_of_signature(evidence_key.sign(bytes)));
    EXPECT_EQ(signature.content_type, "application/octet-stream");
    EXPECT_EQ(send(operator_caller(), "GET", path + "/receipt").response.body, uploaded.receipt);
    const auto found = meta(bundle);
    EXPECT_EQ(text(found, "check"), "patching");
    EXPECT_EQ(text(found, "result"), "pass");
    EXPECT_EQ(text(found, "outcome"), "success");
    EXPECT_EQ(text(found, "order_id"), "null");
    for (const auto* part : {"", "/bundle", "/signature", "/receipt"})
        EXPECT_EQ(reason(send(operator_caller(), "GET", "/api/evidence/nothing" + std::string{part})), "404 not_found");
}

TEST_F(EvidenceApi, ListsInPagesUntilNextIsNull) {
    auto previous = zeros;
    std::vector<std::string> sent;
    for (std::int64_t sequence = 1; sequence <= 5; ++sequence) {
        const auto bundle = a_bundle(evidence_key, sequence, previous);
        previous = digest_of(bundle);
        sent.push_back(bundle.bundle_id.str());
        ASSERT_EQ(upload(bundle).response.status, 201);
    }
    std::vector<std::string> seen;
    std::string after;
    for (int page = 0; page < 3; ++page) {
        const auto target = "/api/evidence?site_id=clinic-001&limit=2" + (after.empty() ? "" : "&after=" + after);
        const auto answer = json(send(operator_caller(), "GET", target));
        for (const auto& item : *answer.find("items")->array()) seen.push_back(text(item, "bundle_id"));
        after = text(answer, "next");
    }
    EXPECT_EQ(seen, sent);
    EXPECT_EQ(after, "null");
    const auto all = json(send(operator_caller(), "GET", "/api/evidence?site_id=&host_id=&limit=&after="));
    EXPECT_EQ(all.find("items")->array()->size(), sent.size());
    const auto none = json(send(operator_caller(), "GET", "/api/evidence?host_id=srv-02"));
    EXPECT_TRUE(none.find("items")->array()->empty());
    EXPECT_EQ(reason(send(operator_caller(), "GET", "/api/evidence?after=x")), "400 malformed");
    EXPECT_EQ(reason(send(operator_caller(), "GET", "/api/evidence?limit=x")), "400 malformed");
}

TEST_F(EvidenceApi, AHostWithoutEvidenceHasAnEmptyChain) {
    const auto host = only_host();
    EXPECT_EQ(text(host, "host_id"), "srv-01");
    EXPECT_EQ(text(host, "last_seen"), "null");
    EXPECT_EQ(text(host, "chain"), R"({"epoch":null,"forks":0,"gaps":0,"head_sha256":null,"sequence":0})");
}

}  // namespace
}  // namespace agent::testing
