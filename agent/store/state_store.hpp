#pragma once
// The agent's one state file: ledger, evidence chain and outbox, receipts, check memory, healing
// journal. Its parts are separate classes over the same database; what must be one step is done under one Transaction.
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "store/agent_memory.hpp"
#include "store/check_memory.hpp"
#include "store/database.hpp"
#include "store/evidence_log.hpp"
#include "store/healing_journal.hpp"
#include "store/order_ledger.hpp"
#include "store/set_aside.hpp"

namespace agent {

class StateStore {
public:
    // Opens (and in mode `create` makes) `state_dir`/state.db. In mode `create` a damaged file is set aside with its
    // -wal and -shm, a new one with a new epoch is made, and AgentMemory keeps the SetAside until it is in evidence and
    // the moment before which no order is accepted any more (what ran before can no longer be known).
    [[nodiscard]] static Result<std::unique_ptr<StateStore>> open(const std::filesystem::path& state_dir, OpenMode mode,
                                                                  WallTime now);

    [[nodiscard]] Result<Transaction> begin() { return Transaction::begin(database_); }
    [[nodiscard]] OrderLedger& orders() noexcept { return orders_; }
    [[nodiscard]] EvidenceLog& evidence() noexcept { return evidence_; }
    [[nodiscard]] CheckMemory& checks() noexcept { return checks_; }
    [[nodiscard]] AgentMemory& memory() noexcept { return memory_; }
    [[nodiscard]] HealingJournal& journal() noexcept { return journal_; }

    // Called once when a step failed with `corrupt`: leaves a mark beside the file, so that the next start examines it
    // (PRAGMA integrity_check) before trusting it.
    void mark_suspect(std::string_view reason) noexcept;

    // Disk full: gives up the reserve file so that sent items can be removed and the alarm be recorded; made again by
    // restore_reserve once there is room. True if there was a reserve to give.
    [[nodiscard]] bool release_reserve() noexcept;
    void restore_reserve() noexcept;

private:
    StateStore(StateFiles files, Database database);

    StateFiles files_;
    Database database_;
    OrderLedger orders_;
    EvidenceLog evidence_;
    CheckMemory checks_;
    AgentMemory memory_;
    HealingJournal journal_;
};

}  // namespace agent
