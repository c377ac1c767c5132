#include "store/agent_memory.hpp"

#include "store/columns.hpp"

namespace agent {
namespace {

Result<std::optional<WallTime>> time_fact(Database& database, std::string_view name) {
    AGENT_TRY(auto statement, database.prepare("SELECT value FROM facts WHERE name = ?1"));
    AGENT_TRY(const auto row, statement.bind(1, name).step());
    return row ? optional_time(statement, 0) : std::nullopt;
}

}  // namespace

Result<std::optional<StoredTimeMark>> AgentMemory::time_mark() {
    AGENT_TRY(auto statement, database_->prepare("SELECT mark, since_boot, boot_id FROM time_mark"));
    AGENT_TRY(const auto row, statement.step());
    if (!row) return std::optional<StoredTimeMark>{};
    return std::optional<StoredTimeMark>{
        StoredTimeMark{time_column(statement, 0), Duration{statement.integer(1)}, statement.text(2)}};
}

Result<> AgentMemory::write_time_mark(Transaction&, const StoredTimeMark& mark) {
    AGENT_TRY(auto statement, database_->prepare("INSERT OR REPLACE INTO time_mark (id, mark, since_boot, boot_id) "
                                                 "VALUES (1, ?1, ?2, ?3)"));
    return statement.bind(1, to_column(mark.mark)).bind(2, mark.since_boot.count()).bind(3, mark.boot_id).run();
}

Result<LoopRecord> AgentMemory::loop(std::string_view loop) {
    AGENT_TRY(auto statement,
              database_->prepare("SELECT last_success, last_failure, failure, alarm FROM loops WHERE name = ?1"));
    AGENT_TRY(const auto row, statement.bind(1, loop).step());
    if (!row) return LoopRecord{};
    return LoopRecord{optional_time(statement, 0), optional_time(statement, 1), optional_text(statement, 2),
                      statement.integer(3) != 0};
}

Result<> AgentMemory::write_loop(std::string_view loop, const LoopRecord& record) {
    AGENT_TRY(auto statement,
              database_->prepare(
                  "INSERT INTO loops (name, last_success, last_failure, failure, alarm) VALUES (?1, ?2, ?3, ?4, ?5) "
                  "ON CONFLICT (name) DO UPDATE SET last_success = excluded.last_success, "
                  "last_failure = excluded.last_failure, failure = excluded.failure, alarm = excluded.alarm "
                  "WHERE last_success IS NOT excluded.last_success OR "
                  "last_failure IS NOT excluded.last_failure OR failure IS NOT excluded.failure OR "
                  "alarm IS NOT excluded.alarm"));
    statement.bind(1, loop);
    bind_time(statement, 2, record.last_success);
    bind_time(statement, 3, record.last_failure);
    return statement.bind(4, record.failure).bind(5, std::int64_t{record.alarm ? 1 : 0}).run();
}

Result<std::optional<WallTime>> AgentMemory::orders_not_before() { return time_fact(*database_, "orders_not_before"); }

Result<std::optional<std::string>> AgentMemory::set_aside_note() {
    AGENT_TRY(auto statement, database_->prepare("SELECT value FROM facts WHERE name = 'set_aside_note'"));
    AGENT_TRY(const auto row, statement.step());
    return row ? optional_text(statement, 0) : std::nullopt;
}

Result<> AgentMemory::clear_set_aside_note(Transaction&) {
    return database_->execute("DELETE FROM facts WHERE name = 'set_aside_note'");
}

Result<std::optional<WallTime>> AgentMemory::hold_until() { return time_fact(*database_, "hold_until"); }

Result<> AgentMemory::write_hold(const std::optional<WallTime>& until) {
    if (!until) return database_->execute("DELETE FROM facts WHERE name = 'hold_until'");
    AGENT_TRY(auto statement,
              database_->prepare("INSERT OR REPLACE INTO facts (name, value) VALUES ('hold_until', ?1)"));
    return statement.bind(1, to_column(*until)).run();
}

Result<std::optional<WallTime>> AgentMemory::newest_catalogue() { return time_fact(*database_, "newest_catalogue"); }

Result<> AgentMemory::keep_newest_catalogue(WallTime issued_at) {
    AGENT_TRY(auto statement, database_->prepare("INSERT INTO facts (name, value) VALUES ('newest_catalogue', ?1) "
                                                 "ON CONFLICT (name) DO UPDATE SET value = excluded.value "
                                                 "WHERE excluded.value > facts.value"));
    return statement.bind(1, to_column(issued_at)).run();
}

Result<std::optional<StoredServerClock>> AgentMemory::server_clock() {
    AGENT_TRY(const auto seen, time_fact(*database_, "server_clock_seen"));
    AGENT_TRY(auto statement, database_->prepare("SELECT value FROM facts WHERE name = 'server_clock_ahead'"));
    AGENT_TRY(const auto row, statement.step());
    if (!row || !seen) return std::optional<StoredServerClock>{};
    return std::optional<StoredServerClock>{StoredServerClock{Duration{statement.integer(0)}, *seen}};
}

Result<> AgentMemory::write_server_clock(const StoredServerClock& clock) {
    AGENT_TRY(auto statement,
              database_->prepare("INSERT OR REPLACE INTO facts (name, value) VALUES ('server_clock_ahead', ?1), "
                                 "('server_clock_seen', ?2)"));
    return statement.bind(1, clock.ahead.count()).bind(2, to_column(clock.seen)).run();
}

Result<AgentMemory::RefusalCount> AgentMemory::refusal_count() {
    AGENT_TRY(auto statement, database_->prepare("SELECT unrecorded FROM refusal_count"));
    AGENT_TRY(const auto row, statement.step());
    if (!row) return RefusalCount{};
    return RefusalCount{statement.integer(0)};
}

Result<> AgentMemory::write_refusal_count(Transaction&, const RefusalCount& count) {
    AGENT_TRY(auto statement,
              database_->prepare("INSERT OR REPLACE INTO refusal_count (id, unrecorded) VALUES (1, ?1)"));
    return statement.bind(1, count.unrecorded).run();
}

Result<std::int64_t> AgentMemory::unsigned_refusals_near(WallTime now, Duration span) {
    AGENT_TRY(auto statement, database_->prepare("SELECT count(*) FROM unsigned_refusals WHERE recorded_at > ?1 AND "
                                                 "recorded_at < ?2"));
    AGENT_TRY(statement.bind(1, to_column(now - span)).bind(2, to_column(now + span)).step());
    return statement.integer(0);
}

Result<> AgentMemory::remember_unsigned_refusal(Transaction&, WallTime now, Duration span) {
    AGENT_TRY(auto forget, database_->prepare("DELETE FROM unsigned_refusals WHERE recorded_at <= ?1 OR "
                                              "recorded_at >= ?2"));
    AGENT_TRY(forget.bind(1, to_column(now - span)).bind(2, to_column(now + span)).run());
    AGENT_TRY(auto insert, database_->prepare("INSERT INTO unsigned_refusals (recorded_at) VALUES (?1)"));
    return insert.bind(1, to_column(now)).run();
}

Result<std::int64_t> AgentMemory::runs_since(std::string_view key, WallTime since) {
    AGENT_TRY(auto statement, database_->prepare("SELECT count(*) FROM healing_runs WHERE key = ?1 AND ran_at >= ?2"));
    AGENT_TRY(statement.bind(1, key).bind(2, to_column(since)).step());
    return statement.integer(0);
}

Result<std::optional<WallTime>> AgentMemory::last_run(std::string_view key) {
    AGENT_TRY(auto statement, database_->prepare("SELECT max(ran_at) FROM healing_runs WHERE key = ?1"));
    AGENT_TRY(statement.bind(1, key).step());
    return optional_time(statement, 0);
}

Result<> AgentMemory::remember_run(Transaction&, std::string_view key, WallTime at) {
    // Budgets look one day back and cooldowns less; a month is kept for whoever asks. The last run always stays.
    AGENT_TRY(auto forget, database_->prepare("DELETE FROM healing_runs WHERE key = ?1 AND ran_at < ?2"));
    AGENT_TRY(forget.bind(1, key).bind(2, to_column(at - std::chrono::days{31})).run());
    AGENT_TRY(auto statement, database_->prepare("INSERT INTO healing_runs (key, ran_at) VALUES (?1, ?2)"));
    return statement.bind(1, key).bind(2, to_column(at)).run();
}

}  // namespace agent
