#pragma once
// The evidence chain and, in the same rows, the outbox: a bundle, its chain link and its queue entry are one insert.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/bundle.hpp"
#include "store/database.hpp"

namespace agent {

struct ChainHead {
    std::string epoch;
    std::int64_t sequence{};  // of the newest bundle; 0 before the first
    std::string head_sha256;  // of the newest bundle; 64 zeros before the first
};

struct SignedBundle {
    BundleId bundle_id;
    std::string bytes;
    Signature signature{};
    std::string sha256;
    ChainLink chain;
    std::string check;
    std::optional<CheckResult> result;
    Outcome outcome{};
    std::optional<OrderId> order_id;
    WallTime created_at;
};

enum class UploadState : std::uint8_t { waiting, sent, quarantined };

struct StoredBundle {
    std::int64_t position{};  // the order of uploading; its sequence, since a state file holds one epoch
    SignedBundle bundle;
    UploadState state{UploadState::waiting};
    std::optional<std::string> receipt;  // envelope bytes
    std::optional<std::string> quarantined_for;
};

struct BundleReceipt {
    BundleId bundle_id;
    std::string envelope;  // bytes, verified
};

struct QueueFigures {
    std::int64_t waiting{};
    std::int64_t quarantined{};
    std::optional<WallTime> oldest;  // of the waiting
    std::int64_t receipted{};        // highest sequence up to which every bundle has its receipt
};

class EvidenceLog {
public:
    explicit EvidenceLog(Database& database) : database_{&database} {}

    // The head, to be read and advanced within one transaction.
    [[nodiscard]] Result<ChainHead> head();
    // The next link and no other: a sequence that is taken is an error.
    [[nodiscard]] Result<> append(Transaction& transaction, const SignedBundle& bundle);

    // The oldest waiting bundle after `position` (0: from the start), by the partial index.
    [[nodiscard]] Result<std::optional<StoredBundle>> next_waiting(std::int64_t position);
    // Stores receipts and takes the bundles out of the queue, in one transaction of its own.
    [[nodiscard]] Result<> acknowledge(const std::vector<BundleReceipt>& receipts);
    [[nodiscard]] Result<> acknowledge(Transaction& transaction, const std::vector<BundleReceipt>& receipts);
    [[nodiscard]] Result<> quarantine(const BundleId& id, std::string_view reason);
    // Back into the queue: one, or all. Gives the number.
    [[nodiscard]] Result<std::int64_t> retry(const std::optional<BundleId>& id);

    [[nodiscard]] Result<QueueFigures> figures();  // from counters, never count(*)
    [[nodiscard]] Result<std::optional<StoredBundle>> find(const BundleId& id);
    // Ids that begin with `beginning`, at most `limit`.
    [[nodiscard]] Result<std::vector<BundleId>> ids_beginning(std::string_view beginning, std::int64_t limit);
    // Newest first, at most `limit`, without bodies; `before` is a position, 0 for the newest.
    [[nodiscard]] Result<std::vector<StoredBundle>> list(std::int64_t before, std::int64_t limit);
    // Waiting and quarantined, oldest first, at most `limit`, without bodies.
    [[nodiscard]] Result<std::vector<StoredBundle>> queued(std::int64_t limit);
    // Oldest first with bodies, for export: the one after `position`.
    [[nodiscard]] Result<std::optional<StoredBundle>> next(std::int64_t position);

    // Removes bundles that have their receipt, are neither among the newest `keep` nor younger than `age`, and are not
    // the latest of their check. Neither is the head of the chain removed, nor anything behind a waiting bundle. At
    // most `batch` a call; gives the number.
    [[nodiscard]] Result<std::int64_t> prune(std::int64_t keep, Duration age, WallTime now, std::int64_t batch);

private:
    Database* database_;
};

}  // namespace agent
