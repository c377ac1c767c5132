#pragma once
// A host with a key and a state file, a server with a receipt key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "codec/bundle_codec.hpp"
#include "crypto/ed25519.hpp"
#include "evidence/receipts.hpp"
#include "evidence/recorder.hpp"
#include "support/fake_time.hpp"
#include "support/temporary_directory.hpp"

namespace agent::testing {

inline Speaker speaker() {
    Speaker speaker;
    speaker.site_id = SiteId{"clinic-001"};
    speaker.host_id = HostId{"srv-01"};
    speaker.agent_version = "0.1.0";
    speaker.agent_build = "test";
    speaker.policy_version = "1";
    speaker.ruleset_hash = std::string(64, 'a');
    return speaker;
}

class EvidenceTest : public ::testing::Test {
protected:
    static PrivateKey new_key() { return PrivateKey::generate().value(); }
    static std::unique_ptr<StateStore> open_state(const std::filesystem::path& folder, WallTime now) {
        auto store = StateStore::open(folder, OpenMode::create, now);
        if (store.has_error()) throw std::runtime_error{store.error().message()};
        return std::move(store).value();
    }
    EvidenceDraft draft() const {
        EvidenceDraft draft;
        draft.started = time.wall;
        draft.ended = time.wall;
        draft.check = "encryption";
        draft.result = CheckResult::pass;
        return draft;
    }
    Recorded record(EvidenceDraft of) {
        auto recorded = recorder.record(std::move(of));
        if (recorded.has_error()) throw std::runtime_error{recorded.error().message()};
        return recorded.value();
    }
    Recorded record() { return record(draft()); }
    StoredBundle stored(const BundleId& id) { return store->evidence().find(id).value().value(); }
    BundleSummary summary(const BundleId& id) { return parse_bundle(stored(id).bundle.bytes).value(); }

    static Receipt receipt_for(const SignedBundle& bundle) {
        return Receipt{bundle.bundle_id,
                       bundle.sha256,
                       speaker().site_id,
                       speaker().host_id,
                       bundle.chain.epoch,
                       bundle.chain.sequence,
                       WallTime{Duration{1'700'000'000'500}}};
    }
    void acknowledge(const BundleId& id) {
        const auto envelope = sign_receipt(receipt_for(stored(id).bundle), server_key);
        ASSERT_TRUE(store->evidence().acknowledge({{id, envelope}}).has_value());
    }

    TemporaryDirectory folder;
    FakeTime time;
    PrivateKey host_key{new_key()};
    PrivateKey server_key{new_key()};
    std::unique_ptr<StateStore> store{open_state(folder.path() / "state", time.wall)};
    Recorder recorder{*store, time, host_key, speaker()};
};

}  // namespace agent::testing
