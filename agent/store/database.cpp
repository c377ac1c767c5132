#include "store/database.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <system_error>

#include "store/sqlite_error.hpp"

namespace agent {

Error sqlite_error(sqlite3* connection, int code) {
    const char* file = connection != nullptr ? sqlite3_db_filename(connection, "main") : nullptr;
    const int cause = connection != nullptr ? sqlite3_system_errno(connection) : 0;
    std::string message = file != nullptr && *file != '\0' ? std::string{file} + ": " : std::string{};
    message += connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
    message += " (SQLite code " + std::to_string(code) + ")";

    const int kind = code & 0xff;
    const bool no_room = cause == ENOSPC || cause == EDQUOT;
    if (kind == SQLITE_FULL || (kind == SQLITE_IOERR && no_room))
        return Error{Errc::disk_full, message + ": no room left; free some, nothing was lost"};
    if (cause != 0 && (kind == SQLITE_CANTOPEN || kind == SQLITE_IOERR || kind == SQLITE_READONLY))
        message += ": " + std::generic_category().message(cause);
    if (kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB) return Error{Errc::corrupt, std::move(message)};
    if (kind == SQLITE_BUSY) message += ": another process held the file for more than 5 s";
    return Error{Errc::storage, std::move(message)};
}

void close_database(sqlite3* raw) noexcept { static_cast<void>(sqlite3_close_v2(raw)); }

class StatementCache {
public:
    StatementCache() { idle_.reserve(most_idle); }
    StatementCache(const StatementCache&) = delete;
    StatementCache& operator=(const StatementCache&) = delete;
    StatementCache(StatementCache&&) = delete;
    StatementCache& operator=(StatementCache&&) = delete;
    ~StatementCache() {
        for (const auto& each : idle_) sqlite3_finalize(each.statement);
    }

    [[nodiscard]] sqlite3_stmt* take(std::string_view sql) noexcept {
        const auto found = std::ranges::find(idle_, sql, &Idle::sql);
        if (found == idle_.end()) return nullptr;
        auto* statement = found->statement;
        *found = idle_.back();
        idle_.pop_back();
        return statement;
    }
    void give_back(sqlite3_stmt* statement) noexcept {
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
        if (idle_.size() < most_idle)
            idle_.push_back({sqlite3_sql(statement), statement});
        else
            sqlite3_finalize(statement);
    }

private:
    static constexpr std::size_t most_idle = 64;
    struct Idle {
        std::string_view sql;  // belongs to the statement
        sqlite3_stmt* statement;
    };
    std::vector<Idle> idle_;
};

void free_statement_cache(StatementCache* cache) noexcept { delete cache; }

Statement::Statement(Statement&& other) noexcept
    : bind_failure_{other.bind_failure_}, raw_{std::exchange(other.raw_, nullptr)}, cache_{other.cache_} {}

Statement::~Statement() {
    if (raw_ != nullptr) cache_->give_back(raw_);
}

Statement& Statement::keep(int bound) noexcept {
    if (bound != SQLITE_OK && bind_failure_ == SQLITE_OK) bind_failure_ = bound;
    return *this;
}

Statement& Statement::bind(int index, std::int64_t value) { return keep(sqlite3_bind_int64(raw_, index, value)); }

Statement& Statement::bind(int index, std::string_view text) {
    const char* data = text.empty() ? "" : text.data();  // a null pointer would bind NULL
    return keep(sqlite3_bind_text64(raw_, index, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
    if (bytes.empty()) return keep(sqlite3_bind_zeroblob(raw_, index, 0));
    return keep(sqlite3_bind_blob64(raw_, index, bytes.data(), bytes.size(), SQLITE_TRANSIENT));
}

Statement& Statement::bind_null(int index) { return keep(sqlite3_bind_null(raw_, index)); }

Statement& Statement::bind(int index, const std::optional<std::string>& text) {
    return text ? bind(index, std::string_view{*text}) : bind_null(index);
}

Result<bool> Statement::step() {
    if (bind_failure_ != SQLITE_OK) return sqlite_error(sqlite3_db_handle(raw_), bind_failure_);
    const int code = sqlite3_step(raw_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    auto failure = sqlite_error(sqlite3_db_handle(raw_), code);
    reset();  // lets go of the locks
    return failure;
}

Result<> Statement::run() {
    AGENT_TRY(step());
    reset();
    return ok();
}

void Statement::reset() noexcept { static_cast<void>(sqlite3_reset(raw_)); }

std::int64_t Statement::integer(int column) const noexcept { return sqlite3_column_int64(raw_, column); }

std::string Statement::text(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(raw_, column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(raw_, column));
    return data == nullptr ? std::string{} : std::string{data, size};
}

bool Statement::is_null(int column) const noexcept { return sqlite3_column_type(raw_, column) == SQLITE_NULL; }

Database::Database(sqlite3* raw) : raw_{raw}, cache_{new StatementCache} {}

Result<Statement> Database::prepare(std::string_view sql) {
    if (auto* idle = cache_->take(sql); idle != nullptr) return Statement{idle, cache_.get()};
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(raw_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
    if (code != SQLITE_OK) return sqlite_error(raw_.get(), code);
    return Statement{statement, cache_.get()};
}

Result<> Database::execute(std::string_view sql) {
    AGENT_TRY(auto statement, prepare(sql));
    for (;;) {
        AGENT_TRY(const auto row, statement.step());
        if (!row) return ok();
    }
}

std::int64_t Database::last_insert_rowid() const noexcept { return sqlite3_last_insert_rowid(raw_.get()); }

std::int64_t Database::changes() const noexcept { return sqlite3_changes64(raw_.get()); }

Result<Transaction> Transaction::begin(Database& database) {
    AGENT_TRY(database.execute("BEGIN IMMEDIATE"));
    return Transaction{database};
}

Transaction::~Transaction() {
    if (database_ == nullptr) return;
    // Some failures (a full disk) have undone it already; then there is nothing to roll back, which is no news.
    static_cast<void>(database_->execute("ROLLBACK").has_error());
}

Result<> Transaction::commit() {
    // A commit that fails leaves the transaction open: the destructor undoes it.
    AGENT_TRY(database_->execute("COMMIT"));
    database_ = nullptr;
    return ok();
}

}  // namespace agent
