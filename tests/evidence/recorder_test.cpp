#include "evidence/recorder.hpp"

#include <fstream>

#include "base/encoding.hpp"
#include "codec/json.hpp"
#include "crypto/digest.hpp"
#include "evidence_fixture.hpp"
#include "model/limits.hpp"

namespace agent {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class RecorderTest : public testing::EvidenceTest {
protected:
    Value json(const BundleId& id) { return parse_json(stored(id).bundle.bytes).value(); }
};

TEST_F(RecorderTest, TheFirstBundleLinksToZeros) {
    const auto first = record();
    EXPECT_EQ(first.sequence, 1);
    EXPECT_EQ(summary(first.bundle_id).chain.previous_sha256, std::string(64, '0'));
    EXPECT_EQ(summary(first.bundle_id).chain.epoch, store->evidence().head().value().epoch);
}

TEST_F(RecorderTest, EveryBundleLinksToTheBytesBefore) {
    const auto first = record();
    const auto second = record();
    EXPECT_EQ(second.sequence, 2);
    EXPECT_EQ(summary(second.bundle_id).chain.previous_sha256, sha256_hex(stored(first.bundle_id).bundle.bytes));
}

TEST_F(RecorderTest, TheSignatureIsOverExactlyTheStoredBytes) {
    const auto bundle = stored(record().bundle_id).bundle;
    EXPECT_TRUE(host_key.public_key().verify(bundle.bytes, text_of(bundle.signature)).has_value());
    EXPECT_EQ(summary(bundle.bundle_id).signer, host_key.public_key().key_id());
    EXPECT_EQ(bundle.sha256, sha256_hex(bundle.bytes));
}

TEST_F(RecorderTest, AnEffectThatIsUndoneLeavesNoEvidence) {
    {
        auto transaction = store->begin().value();
        ASSERT_TRUE(recorder.record(transaction, draft()).has_value());
    }
    EXPECT_EQ(store->evidence().head().value().sequence, 0);
    EXPECT_EQ(record().sequence, 1);
}

TEST_F(RecorderTest, TwoProcessesOnOneFileMakeOneChain) {
    auto other_store = StateStore::open(folder.path() / "state", OpenMode::existing, time.wall).value();
    Recorder other{*other_store, time, host_key, testing::speaker()};
    std::string before(64, '0');
    for (std::int64_t sequence = 1; sequence <= 10; ++sequence) {
        const auto recorded = sequence % 2 == 0 ? other.record(draft()).value() : record();
        EXPECT_EQ(recorded.sequence, sequence);
        EXPECT_EQ(summary(recorded.bundle_id).chain.previous_sha256, before);
        before = recorded.sha256;
    }
}

TEST_F(RecorderTest, ASpeakerThatChangedSpeaksInTheNextBundle) {
    auto changed = testing::speaker();
    changed.policy_version = "2";
    recorder.change_speaker(changed);
    const auto bundle = json(record().bundle_id);
    EXPECT_EQ(*bundle.find("policy_version"), Value{"2"});
}

TEST_F(RecorderTest, AMeasuredOffsetIsToldForAsLongAsItTellsAnything) {
    EXPECT_EQ(*json(record().bundle_id).find("ntp_offset_ms"), Value{});
    recorder.set_ntp_offset(-12, time.mono_now() + Duration{10'000});
    EXPECT_EQ(*json(record().bundle_id).find("ntp_offset_ms"), Value{-12});
    time.advance(Duration{10'001});
    EXPECT_EQ(*json(record().bundle_id).find("ntp_offset_ms"), Value{});
    recorder.set_ntp_offset(std::nullopt, time.mono_now() + Duration{10'000});
    EXPECT_EQ(*json(record().bundle_id).find("ntp_offset_ms"), Value{});
}

TEST_F(RecorderTest, StatesThatAreTooLargeGiveWayToTheirDigest) {
    auto large = draft();
    large.pre_state = Value::object({{"blob", std::string(limits::bundle_bytes, 'x')}});
    large.outcome = Outcome::rejected;
    large.error = "expired: too late";
    const auto recorded = record(large);
    const auto bundle = json(recorded.bundle_id);
    EXPECT_EQ(*bundle.find("pre_state")->find("sha256"), Value{sha256_hex(write_json(large.pre_state))});
    EXPECT_EQ(*bundle.find("pre_state")->find("size"),
              Value{static_cast<std::int64_t>(write_json(large.pre_state).size())});
    EXPECT_THAT(*bundle.find("error")->string(), StartsWith("expired: too late; "));
    EXPECT_LT(stored(recorded.bundle_id).bundle.bytes.size(), limits::bundle_bytes);
}

TEST_F(RecorderTest, WhichRunAnOrderJoinedStaysWhereItsStatesAreTooLarge) {
    auto large = draft();
    const auto joined = Value::object({{"bundle_id", "of-the-run"}});
    large.post_state = Value::object({{"blob", std::string(limits::bundle_bytes, 'x')}, {"joined", joined}});
    const auto bundle = json(record(large).bundle_id);
    EXPECT_NE(bundle.find("post_state")->find("sha256"), nullptr);
    EXPECT_EQ(*bundle.find("post_state")->find("joined"), joined);
    EXPECT_EQ(bundle.find("pre_state")->find("joined"), nullptr);
}

TEST_F(RecorderTest, WhatProgramsPrintedGivesWayBeforeEvidenceIsLost) {
    auto large = draft();
    large.action_taken.resize(40);
    for (auto& action : large.action_taken) action.output_head = std::string(limits::output_kept, '\0');
    for (auto& action : large.action_taken) action.output_tail = std::string(limits::output_kept, '\0');
    const auto recorded = record(large);
    const auto bytes = stored(recorded.bundle_id).bundle.bytes;
    EXPECT_LE(bytes.size(), limits::bundle_bytes);
    const auto bundle = parse_json(bytes).value();
    EXPECT_EQ(bundle.find("action_taken")->array()->size(), 40U);
    EXPECT_THAT(*bundle.find("error")->string(), HasSubstr("too large"));
}

TEST_F(RecorderTest, WhatIsTooLargeHoweverShortenedIsRefusedAndLeavesTheChainAlone) {
    auto large = draft();
    large.controls.hipaa.emplace_back(limits::bundle_bytes, 'x');
    const auto refused = recorder.record(large);
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code(), Errc::malformed);
    EXPECT_EQ(record().sequence, 1);
}

TEST_F(RecorderTest, OutputThatIsNoUtf8StillMakesABundle) {
    auto binary = draft();
    binary.action_taken.push_back({});
    binary.action_taken[0].output_tail = "a\xff\xfe";
    const auto recorded = record(binary);
    EXPECT_TRUE(parse_bundle(stored(recorded.bundle_id).bundle.bytes).has_value());
}

TEST_F(RecorderTest, TheFirstBundleAfterASetAsideSaysSoAndOnlyThatOne) {
    record();
    testing::TemporaryDirectory damaged;
    damaged.write("state.db", std::string(4096, 'x'));
    auto new_store = open_state(damaged.path(), time.wall);
    Recorder after{*new_store, time, host_key, testing::speaker()};
    const auto first = after.record(draft()).value();
    const auto second = after.record(draft()).value();
    const auto bundle = parse_json(new_store->evidence().find(first.bundle_id).value()->bundle.bytes).value();
    const auto* note = bundle.find("pre_state")->find("state_file")->find("set_aside")->string();
    ASSERT_NE(note, nullptr);
    EXPECT_THAT(*note, HasSubstr("state.db.corrupt-"));
    EXPECT_EQ(*bundle.find("error")->string(), *note);
    EXPECT_EQ(first.sequence, 1);
    EXPECT_THAT(new_store->evidence().find(second.bundle_id).value()->bundle.bytes,
                ::testing::Not(HasSubstr("set_aside")));
}

}  // namespace
}  // namespace agent
