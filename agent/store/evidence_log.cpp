#include "store/evidence_log.hpp"

#include <algorithm>
#include <cstddef>

#include "base/encoding.hpp"
#include "store/columns.hpp"

namespace agent {
namespace {

constexpr std::string_view no_digest = "0000000000000000000000000000000000000000000000000000000000000000";

// Columns in the order of read_row; BODY is the body or an empty blob.
#define AGENT_BUNDLE_COLUMNS(BODY)                                                                       \
    "b.position, b.state, b.bundle_id, b.epoch, b.sequence, b.previous_sha256, b.sha256, b.check_name, " \
    "b.result, b.outcome, b.order_id, b.created_at, b.signature, " BODY ", r.envelope, q.reason "
#define AGENT_ITS_FATE \
    " LEFT JOIN receipts r ON r.position = b.position LEFT JOIN quarantine q ON q.position = b.position "

Result<StoredBundle> read_row(const Statement& row) {
    StoredBundle stored;
    auto& bundle = stored.bundle;
    stored.position = row.integer(0);
    stored.state = static_cast<UploadState>(row.integer(1));
    bundle.bundle_id = BundleId{row.text(2)};
    bundle.chain = ChainLink{row.text(3), row.integer(4), row.text(5)};
    bundle.sha256 = row.text(6);
    bundle.check = row.text(7);
    AGENT_TRY(bundle.result, word_column<CheckResult>(row, 8));
    AGENT_TRY(const auto outcome, word_column<Outcome>(row, 9));
    const auto signature = row.text(12);
    if (!outcome || signature.size() != bundle.signature.size())
        return Error{Errc::corrupt, "the state file's row of bundle " + bundle.bundle_id.str() + " is damaged"};
    bundle.outcome = *outcome;
    if (const auto order = optional_text(row, 10)) bundle.order_id = OrderId{*order};
    bundle.created_at = time_column(row, 11);
    std::ranges::copy(bytes_of(signature), bundle.signature.begin());
    bundle.bytes = row.text(13);
    stored.receipt = optional_text(row, 14);
    stored.quarantined_for = optional_text(row, 15);
    return stored;
}

Result<std::optional<StoredBundle>> read_one(Statement& statement) {
    AGENT_TRY(const auto row, statement.step());
    if (!row) return std::optional<StoredBundle>{};
    AGENT_TRY(auto stored, read_row(statement));
    statement.reset();
    return std::optional<StoredBundle>{std::move(stored)};
}

Result<std::vector<StoredBundle>> read_all(Statement& statement) {
    std::vector<StoredBundle> found;
    for (;;) {
        AGENT_TRY(const auto row, statement.step());
        if (!row) return found;
        AGENT_TRY(auto stored, read_row(statement));
        found.push_back(std::move(stored));
    }
}

Result<> store_receipt(Database& database, const BundleReceipt& receipt) {
    AGENT_TRY(auto find, database.prepare("SELECT position FROM bundles WHERE bundle_id = ?1"));
    AGENT_TRY(const auto known, find.bind(1, receipt.bundle_id.str()).step());
    if (!known)
        return Error{Errc::not_found, "a receipt speaks of bundle " + receipt.bundle_id.str() + ", which is not here"};
    const auto position = find.integer(0);
    find.reset();
    AGENT_TRY(auto keep, database.prepare("INSERT OR IGNORE INTO receipts (position, envelope) VALUES (?1, ?2)"));
    AGENT_TRY(keep.bind(1, position).bind_blob(2, receipt.envelope).run());
    AGENT_TRY(auto sent, database.prepare("UPDATE bundles SET state = 1 WHERE position = ?1"));
    AGENT_TRY(sent.bind(1, position).run());
    AGENT_TRY(auto released, database.prepare("DELETE FROM quarantine WHERE position = ?1"));
    return released.bind(1, position).run();
}

// What retention may remove; ?1 newest to keep, ?2 the time, ?3 the most. The head of the chain stays whatever the
// settings say: the next bundle links to it. Nothing from the first waiting bundle on is looked at, so that a long
// queue costs nothing here.
#define AGENT_PRUNABLE                                                                                  \
    "SELECT position FROM bundles WHERE state = 1 "                                                     \
    "AND position <= (SELECT position FROM bundles ORDER BY position DESC LIMIT 1 OFFSET max(?1, 1)) "  \
    "AND position < coalesce((SELECT position FROM bundles INDEXED BY bundles_waiting WHERE state = 0 " \
    "ORDER BY position LIMIT 1), 9223372036854775807) "                                                 \
    "AND created_at < ?2 AND position NOT IN (SELECT position FROM latest_of_check) ORDER BY position LIMIT ?3"

// Goes on where it stopped the last time, a bounded step: the newest bundle it has seen is the latest of its check.
// What lies behind that has not been compared yet, and is no candidate.
Result<> note_latest(Database& database) {
    return database.execute(
        "WITH seen (position) AS (SELECT coalesce(max(position), 0) FROM latest_of_check) "
        "INSERT INTO latest_of_check SELECT check_name, max(bundles.position) FROM bundles, seen "
        "WHERE bundles.position > seen.position AND bundles.position <= seen.position + 10000 GROUP BY check_name "
        "ON CONFLICT (check_name) DO UPDATE SET position = excluded.position");
}

}  // namespace

Result<ChainHead> EvidenceLog::head() {
    AGENT_TRY(auto statement, database_->prepare("SELECT value, sequence, sha256 FROM facts LEFT JOIN bundles "
                                                 "ON position = (SELECT max(position) FROM bundles) "
                                                 "WHERE name = 'epoch'"));
    AGENT_TRY(const auto begun, statement.step());
    if (!begun) return Error{Errc::corrupt, "the state file names no chain epoch"};
    if (statement.is_null(1)) return ChainHead{statement.text(0), 0, std::string{no_digest}};
    return ChainHead{statement.text(0), statement.integer(1), statement.text(2)};
}

Result<> EvidenceLog::append(Transaction&, const SignedBundle& bundle) {
    AGENT_TRY(auto insert,
              database_->prepare("INSERT INTO bundles (position, bundle_id, epoch, sequence, previous_sha256, sha256, "
                                 "check_name, result, outcome, order_id, created_at, signature, bytes) "
                                 "VALUES (?3, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"));
    insert.bind(1, bundle.bundle_id.str()).bind(2, bundle.chain.epoch).bind(3, bundle.chain.sequence);
    insert.bind(4, bundle.chain.previous_sha256).bind(5, bundle.sha256).bind(6, bundle.check);
    bind_word(insert, 7, bundle.result);
    insert.bind(8, to_string(bundle.outcome));
    if (bundle.order_id)
        insert.bind(9, bundle.order_id->str());
    else
        insert.bind_null(9);
    insert.bind(10, to_column(bundle.created_at)).bind_blob(11, text_of(bundle.signature)).bind_blob(12, bundle.bytes);
    return insert.run();
}

Result<std::optional<StoredBundle>> EvidenceLog::next_waiting(std::int64_t position) {
    AGENT_TRY(auto statement, database_->prepare("SELECT " AGENT_BUNDLE_COLUMNS(
                                  "b.bytes") "FROM bundles b INDEXED BY bundles_waiting" AGENT_ITS_FATE
                                             "WHERE b.state = 0 AND b.position > ?1 ORDER BY b.position LIMIT 1"));
    return read_one(statement.bind(1, position));
}

Result<> EvidenceLog::acknowledge(const std::vector<BundleReceipt>& receipts) {
    if (receipts.empty()) return ok();
    AGENT_TRY(auto transaction, Transaction::begin(*database_));
    AGENT_TRY(acknowledge(transaction, receipts));
    return transaction.commit();
}

Result<> EvidenceLog::acknowledge(Transaction& /*transaction*/, const std::vector<BundleReceipt>& receipts) {
    for (const auto& receipt : receipts) {
        AGENT_TRY(store_receipt(*database_, receipt));
    }
    return ok();
}

Result<> EvidenceLog::quarantine(const BundleId& id, std::string_view reason) {
    AGENT_TRY(auto transaction, Transaction::begin(*database_));
    AGENT_TRY(auto keep, database_->prepare("INSERT INTO quarantine (position, reason) "
                                            "SELECT position, ?2 FROM bundles WHERE bundle_id = ?1 AND state = 0"));
    AGENT_TRY(keep.bind(1, id.str()).bind(2, reason).run());
    if (database_->changes() == 0) return Error{Errc::not_found, "no bundle " + id.str() + " is waiting"};
    AGENT_TRY(auto move, database_->prepare("UPDATE bundles SET state = 2 WHERE bundle_id = ?1"));
    AGENT_TRY(move.bind(1, id.str()).run());
    return transaction.commit();
}

Result<std::int64_t> EvidenceLog::retry(const std::optional<BundleId>& id) {
    AGENT_TRY(auto transaction, Transaction::begin(*database_));
    AGENT_TRY(auto forget, database_->prepare("DELETE FROM quarantine WHERE ?1 IS NULL OR position = "
                                              "(SELECT position FROM bundles WHERE bundle_id = ?1)"));
    if (id) forget.bind(1, id->str());
    AGENT_TRY(forget.run());
    AGENT_TRY(auto move, database_->prepare("UPDATE bundles SET state = 0 WHERE position IN (SELECT position FROM "
                                            "bundles INDEXED BY bundles_quarantined WHERE state = 2 "
                                            "AND (?1 IS NULL OR bundle_id = ?1))"));
    if (id) move.bind(1, id->str());
    AGENT_TRY(move.run());
    const auto moved = database_->changes();
    AGENT_TRY(transaction.commit());
    return moved;
}

Result<QueueFigures> EvidenceLog::figures() {
    AGENT_TRY(
        auto counters,
        database_->prepare(
            "WITH newest (position) AS (SELECT coalesce(max(position), 0) FROM bundles), "
            "waits (position, created_at) AS (SELECT position, created_at FROM bundles INDEXED BY bundles_waiting "
            "WHERE state = 0 ORDER BY position LIMIT 1), "
            "held (position) AS (SELECT position FROM bundles INDEXED BY bundles_quarantined WHERE state = 2 "
            "ORDER BY position LIMIT 1) "
            "SELECT newest.position - sent - quarantined, quarantined, waits.created_at, "
            "min(coalesce(waits.position - 1, newest.position), coalesce(held.position - 1, newest.position)) "
            "FROM queue_figures JOIN newest LEFT JOIN waits LEFT JOIN held"));
    AGENT_TRY(const auto row, counters.step());
    if (!row) return Error{Errc::corrupt, "the state file has lost its queue counters"};
    return QueueFigures{counters.integer(0), counters.integer(1), optional_time(counters, 2), counters.integer(3)};
}

Result<std::optional<StoredBundle>> EvidenceLog::find(const BundleId& id) {
    AGENT_TRY(auto statement, database_->prepare("SELECT " AGENT_BUNDLE_COLUMNS(
                                  "b.bytes") "FROM bundles b" AGENT_ITS_FATE "WHERE b.bundle_id = ?1"));
    return read_one(statement.bind(1, id.str()));
}

Result<std::vector<BundleId>> EvidenceLog::ids_beginning(std::string_view beginning, std::int64_t limit) {
    // A range, so that the index of ids answers it; ids are ASCII.
    AGENT_TRY(auto statement, database_->prepare("SELECT bundle_id FROM bundles WHERE bundle_id >= ?1 AND "
                                                 "bundle_id < ?2 ORDER BY bundle_id LIMIT ?3"));
    statement.bind(1, beginning).bind(2, std::string{beginning} + '\x7f').bind(3, limit);
    std::vector<BundleId> ids;
    for (;;) {
        AGENT_TRY(const auto row, statement.step());
        if (!row) return ids;
        ids.emplace_back(statement.text(0));
    }
}

Result<std::vector<StoredBundle>> EvidenceLog::list(std::int64_t before, std::int64_t limit) {
    AGENT_TRY(auto statement, database_->prepare("SELECT " AGENT_BUNDLE_COLUMNS(
                                  "x''") "FROM bundles b" AGENT_ITS_FATE
                                         "WHERE ?1 = 0 OR b.position < ?1 ORDER BY b.position DESC LIMIT ?2"));
    return read_all(statement.bind(1, before).bind(2, limit));
}

Result<std::vector<StoredBundle>> EvidenceLog::queued(std::int64_t limit) {
    AGENT_TRY(auto statement,
              database_->prepare("SELECT " AGENT_BUNDLE_COLUMNS(
                  "x''") "FROM ("
                         "SELECT * FROM (SELECT position FROM bundles INDEXED BY bundles_waiting "
                         "WHERE state = 0 ORDER BY position LIMIT ?1) UNION ALL "
                         "SELECT * FROM (SELECT position FROM bundles INDEXED BY bundles_quarantined "
                         "WHERE state = 2 ORDER BY position LIMIT ?1)) due "
                         "JOIN bundles b ON b.position = due.position" AGENT_ITS_FATE "ORDER BY b.position LIMIT ?1"));
    return read_all(statement.bind(1, limit));
}

Result<std::optional<StoredBundle>> EvidenceLog::next(std::int64_t position) {
    AGENT_TRY(auto statement,
              database_->prepare("SELECT " AGENT_BUNDLE_COLUMNS(
                  "b.bytes") "FROM bundles b" AGENT_ITS_FATE "WHERE b.position > ?1 ORDER BY b.position LIMIT 1"));
    return read_one(statement.bind(1, position));
}

Result<std::int64_t> EvidenceLog::prune(std::int64_t keep, Duration age, WallTime now, std::int64_t batch) {
    AGENT_TRY(auto transaction, Transaction::begin(*database_));
    AGENT_TRY(auto look, database_->prepare("SELECT EXISTS (" AGENT_PRUNABLE ")"));
    AGENT_TRY(look.bind(1, keep).bind(2, to_column(now - age)).bind(3, batch).step());
    if (look.integer(0) == 0) return 0;
    look.reset();
    AGENT_TRY(note_latest(*database_));
    AGENT_TRY(auto remove, database_->prepare("DELETE FROM bundles WHERE position <= (SELECT max(position) FROM "
                                              "latest_of_check) AND position IN (" AGENT_PRUNABLE ")"));
    AGENT_TRY(remove.bind(1, keep).bind(2, to_column(now - age)).bind(3, batch).run());
    const auto removed = database_->changes();
    AGENT_TRY(transaction.commit());
    return removed;
}

}  // namespace agent
