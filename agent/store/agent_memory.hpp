#pragma once
// Small facts of the agent itself that outlive a restart.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "store/database.hpp"

namespace agent {

// The mark of time (PROTOCOL.md section 4) as last written down.
struct StoredTimeMark {
    WallTime mark;
    Duration since_boot{};  // boot clock when it was written
    std::string boot_id;
};

// Last success and failure of one of the loops, for `status`.
struct LoopRecord {
    std::optional<WallTime> last_success;
    std::optional<WallTime> last_failure;
    std::optional<std::string> failure;
    bool alarm{};  // of `failure`: it needs a person, waiting does not mend it
};

// The order server's clock against ours, as last written down; it need not be the last that was heard.
struct StoredServerClock {
    Duration ahead{};  // of ours
    WallTime seen;     // by ours
};

class AgentMemory {
public:
    explicit AgentMemory(Database& database) : database_{&database} {}

    [[nodiscard]] Result<std::optional<StoredTimeMark>> time_mark();
    [[nodiscard]] Result<> write_time_mark(Transaction& transaction, const StoredTimeMark& mark);

    // `loop` is "poll", "upload" or "checks". Written at most when it says something new, to spare the disk.
    [[nodiscard]] Result<LoopRecord> loop(std::string_view loop);
    [[nodiscard]] Result<> write_loop(std::string_view loop, const LoopRecord& record);

    // Orders issued before this are refused as `replayed`: the ledger that would know them was lost.
    [[nodiscard]] Result<std::optional<WallTime>> orders_not_before();
    // What became of the file before; cleared in the transaction that puts it into evidence.
    [[nodiscard]] Result<std::optional<std::string>> set_aside_note();
    [[nodiscard]] Result<> clear_set_aside_note(Transaction& transaction);

    // Local hold on healing: nothing, or until when.
    [[nodiscard]] Result<std::optional<WallTime>> hold_until();
    [[nodiscard]] Result<> write_hold(const std::optional<WallTime>& until);

    // When the newest signed catalogue of runbooks that was accepted was signed. It never moves back.
    [[nodiscard]] Result<std::optional<WallTime>> newest_catalogue();
    [[nodiscard]] Result<> keep_newest_catalogue(WallTime issued_at);

    [[nodiscard]] Result<std::optional<StoredServerClock>> server_clock();
    [[nodiscard]] Result<> write_server_clock(const StoredServerClock& clock);

    // Bundles about refused envelopes without a good signature, within `span` of `now` on either side: a clock that was
    // set back must not make room. What lies further off is forgotten when the next one is remembered.
    [[nodiscard]] Result<std::int64_t> unsigned_refusals_near(WallTime now, Duration span);
    [[nodiscard]] Result<> remember_unsigned_refusal(Transaction& transaction, WallTime now, Duration span);
    // How many such refusals got no bundle of their own and wait for the next heartbeat to tell their number.
    struct RefusalCount {
        std::int64_t unrecorded{};
    };
    [[nodiscard]] Result<RefusalCount> refusal_count();
    [[nodiscard]] Result<> write_refusal_count(Transaction& transaction, const RefusalCount& count);

    // Times of healing runs, newest last, for cooldown and daily budget; `key` is a runbook or check.
    [[nodiscard]] Result<std::int64_t> runs_since(std::string_view key, WallTime since);
    [[nodiscard]] Result<std::optional<WallTime>> last_run(std::string_view key);
    [[nodiscard]] Result<> remember_run(Transaction& transaction, std::string_view key, WallTime at);

private:
    Database* database_;
};

}  // namespace agent
