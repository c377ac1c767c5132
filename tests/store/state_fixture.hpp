#pragma once
// A state file of the test's own, and bundles to put into it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "crypto/digest.hpp"
#include "crypto/random.hpp"
#include "store/state_store.hpp"
#include "support/temporary_directory.hpp"

namespace agent::testing {

inline constexpr WallTime noon{Duration{1'700'000'000'000}};  // 2023-11-14T22:13:20Z

inline std::unique_ptr<StateStore> open_state(const std::filesystem::path& folder, OpenMode mode = OpenMode::create,
                                              WallTime now = noon) {
    auto store = StateStore::open(folder, mode, now);
    if (store.has_error()) throw std::runtime_error{store.error().message()};
    return std::move(store).value();
}

// The next link of the chain, unsigned: the store does not look into bundles.
inline Result<BundleId> append_bundle(StateStore& store, std::string_view check = "encryption", WallTime at = noon) {
    AGENT_TRY(auto transaction, store.begin());
    AGENT_TRY(const auto head, store.evidence().head());
    SignedBundle bundle;
    bundle.bundle_id = BundleId{random_uuid()};
    bundle.bytes = "{\"n\":" + std::to_string(head.sequence + 1) + ",\"pad\":\"" + random_hex(512) + "\"}";
    bundle.sha256 = sha256_hex(bundle.bytes);
    bundle.chain = ChainLink{head.epoch, head.sequence + 1, head.head_sha256};
    bundle.check = check;
    bundle.result = CheckResult::pass;
    bundle.created_at = at;
    AGENT_TRY(store.evidence().append(transaction, bundle));
    AGENT_TRY(transaction.commit());
    return bundle.bundle_id;
}

class StateTest : public ::testing::Test {
protected:
    BundleId append(std::string_view check = "encryption", WallTime at = noon) {
        auto id = append_bundle(*store, check, at);
        EXPECT_TRUE(id.has_value()) << id.error().message();
        return id.value();
    }
    void acknowledge(const std::vector<BundleId>& ids) {
        std::vector<BundleReceipt> receipts;
        for (const auto& id : ids) receipts.push_back({id, "receipt of " + id.str()});
        const auto done = store->evidence().acknowledge(receipts);
        ASSERT_TRUE(done.has_value()) << done.error().message();
    }
    void reopen() {
        store.reset();
        store = open_state(folder.path());
    }

    TemporaryDirectory folder;
    std::unique_ptr<StateStore> store{open_state(folder.path())};
};

}  // namespace agent::testing
