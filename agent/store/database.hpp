#pragma once
// SQLite behind owners and Result. Knows no table of ours: agent and server both stand on it.
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/handle.hpp"
#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace agent {

void close_database(sqlite3* raw) noexcept;

// Prepared statements of one connection that nobody uses at the moment.
class StatementCache;
void free_statement_cache(StatementCache* cache) noexcept;

// A prepared statement, borrowed from its Database, which outlives it; given back when it goes. Binding is by position
// from 1; lengths are passed, so an embedded NUL cuts nothing short.
class Statement {
public:
    Statement(Statement&& other) noexcept;
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    Statement& bind(int index, std::int64_t value);
    Statement& bind(int index, std::string_view text);
    Statement& bind(int index, const std::string& text) { return bind(index, std::string_view{text}); }
    Statement& bind(int index, const char* text) { return bind(index, std::string_view{text}); }
    Statement& bind_blob(int index, std::string_view bytes);
    Statement& bind_null(int index);
    Statement& bind(int index, const std::optional<std::string>& text);

    // True: a row is ready. A failed binding is reported here. Errors: `disk_full`, `corrupt`, else `storage`.
    [[nodiscard]] Result<bool> step();
    // For statements without rows: one step, then reset for the next use.
    [[nodiscard]] Result<> run();
    void reset() noexcept;

    [[nodiscard]] std::int64_t integer(int column) const noexcept;  // columns from 0
    [[nodiscard]] std::string text(int column) const;               // text or blob
    [[nodiscard]] bool is_null(int column) const noexcept;

private:
    friend class Database;
    Statement(sqlite3_stmt* raw, StatementCache* cache) : raw_{raw}, cache_{cache} {}
    Statement& keep(int bound) noexcept;

    int bind_failure_{0};
    sqlite3_stmt* raw_;
    StatementCache* cache_;
};

enum class OpenMode : std::uint8_t { create, existing, read_only };

struct DatabaseSettings {
    std::int32_t application_id{};
    // Migration n (from 1) takes user_version n-1 to n; each runs in a transaction of its own.
    std::vector<std::string_view> migrations;
};

class Database {
public:
    // WAL, synchronous=FULL, foreign keys on, busy time-out 5 s, mode 0600. Errors: `corrupt` (no database, damaged,
    // somebody else's application_id), `malformed` (written by a newer version: says which), `not_found` (no file, or,
    // unless it may be made, an empty one), `disk_full`, `storage`. Mode `read_only` also reads below a folder that we
    // may not write to, as long as the writer left no write-ahead log there that is out of our reach.
    [[nodiscard]] static Result<Database> open(const std::filesystem::path& path, OpenMode mode,
                                               const DatabaseSettings& settings);
    // The same text is compiled once; a statement that is in use is never handed out twice.
    [[nodiscard]] Result<Statement> prepare(std::string_view sql);
    [[nodiscard]] Result<> execute(std::string_view sql);  // one statement, rows ignored
    [[nodiscard]] std::int64_t last_insert_rowid() const noexcept;
    [[nodiscard]] std::int64_t changes() const noexcept;

private:
    explicit Database(sqlite3* raw);
    Handle<sqlite3, &close_database> raw_;
    Handle<StatementCache, &free_statement_cache> cache_;  // goes first
};

// BEGIN IMMEDIATE; undone unless commit() was reached, so an early return leaves nothing half-done.
class Transaction {
public:
    [[nodiscard]] static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept : database_{std::exchange(other.database_, nullptr)} {}
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    [[nodiscard]] Result<> commit();

private:
    explicit Transaction(Database& database) : database_{&database} {}
    Database* database_;
};

}  // namespace agent
