#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/folder_owner.hpp"
#include "store/database.hpp"
#include "store/sqlite_error.hpp"

namespace agent {
namespace {

using Connection = Handle<sqlite3, &close_database>;

std::filesystem::path beside(const std::filesystem::path& file, std::string_view suffix) {
    return std::filesystem::path{file} += suffix;
}

// The path as SQLite's NOFOLLOW wants it: links in the folders are resolved, one in the last component is refused.
Result<std::filesystem::path> real_path(const std::filesystem::path& file) {
    std::error_code failure;
    const auto folder = std::filesystem::canonical(std::filesystem::absolute(file).parent_path(), failure);
    if (failure == std::errc::no_such_file_or_directory)
        return Error{Errc::not_found, file.parent_path().string() + ": the folder does not exist"};
    if (failure) return Error{Errc::storage, file.string() + ": " + failure.message()};
    return folder / file.filename();
}

Result<> set_mode(const std::filesystem::path& file) {
    if (::chmod(file.c_str(), 0600) != 0 && errno != ENOENT)
        return Error{Errc::storage, system_error(errno, file.string() + ": setting mode 0600").message()};
    return ok();
}

// The file is there with mode 0600 before SQLite writes a byte; -wal and -shm take their mode from it. An existing file
// is not opened for this: closing any descriptor of it would drop the locks that this process holds on it.
Result<> prepare_file(const std::filesystem::path& file, OpenMode mode) {
    struct stat facts {};
    if (::lstat(file.c_str(), &facts) != 0) {
        if (errno != ENOENT) return Error{Errc::storage, system_error(errno, file.string()).message()};
        if (mode != OpenMode::create) return Error{Errc::not_found, file.string() + ": does not exist"};
        const Descriptor made{::open(file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600)};
        if (made.valid()) return give_to_owner_of_folder(made, file);  // SQLite gives -wal and -shm the same owner
        if (errno == EEXIST) return ok();
        const auto code = errno == ENOSPC || errno == EDQUOT ? Errc::disk_full : Errc::storage;
        return Error{code, system_error(errno, file.string() + ": making the file").message()};
    }
    if (!S_ISREG(facts.st_mode))
        return Error{Errc::storage, file.string() + ": is no regular file (links are not followed)"};
    if (mode == OpenMode::read_only || (facts.st_mode & 07777U) == 0600U) return ok();
    AGENT_TRY(set_mode(file));
    AGENT_TRY(set_mode(beside(file, "-wal")));
    return set_mode(beside(file, "-shm"));
}

Result<Connection> connect(const std::string& name, int flags) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(name.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    Connection connection{raw};
    if (code != SQLITE_OK) return sqlite_error(raw, sqlite3_extended_errcode(raw)).in_context(name);
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, 5'000);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    return connection;
}

Result<> run_script(sqlite3* connection, const std::string& sql) {
    const int code = sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return sqlite_error(connection, code);
    return ok();
}

std::string as_immutable_uri(const std::filesystem::path& file) {
    std::string uri = "file:";
    for (const char c : file.string()) {
        if (c == '%')
            uri += "%25";
        else if (c == '?')
            uri += "%3f";
        else if (c == '#')
            uri += "%23";
        else
            uri += c;
    }
    return uri + "?immutable=1";
}

// A read-only reader needs the -shm file, or the right to make it. Where it has neither and no log waits to be read,
// the main file is complete and can be read as it is.
Result<Connection> connect_reader(const std::filesystem::path& file) {
    AGENT_TRY(auto connection, connect(file.string(), SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW));
    auto looked = run_script(connection.get(), "SELECT count(*) FROM (SELECT 1 FROM sqlite_schema LIMIT 1)");
    if (looked.has_value()) return connection;
    const int kind = sqlite3_errcode(connection.get()) & 0xff;
    if (kind != SQLITE_CANTOPEN && kind != SQLITE_READONLY) return std::move(looked).error();
    std::error_code missing;
    const auto log_size = std::filesystem::file_size(beside(file, "-wal"), missing);
    if (!missing && log_size > 0)
        return Error{Errc::storage, file.string() +
                                        ": its write-ahead log cannot be read with our rights; run as root or as the "
                                        "user the agent runs as"};
    return connect(as_immutable_uri(file), SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_URI);
}

Result<std::int64_t> number_of(Database& database, std::string_view pragma) {
    AGENT_TRY(auto statement, database.prepare(pragma));
    AGENT_TRY(const auto row, statement.step());
    return row ? statement.integer(0) : 0;
}

Result<> use_write_ahead_log(Database& database, const std::filesystem::path& file) {
    AGENT_TRY(auto statement, database.prepare("PRAGMA journal_mode=WAL"));
    AGENT_TRY(const auto row, statement.step());
    const auto mode = row ? statement.text(0) : std::string{};
    if (mode == "wal") return ok();
    return Error{Errc::storage, file.string() + ": no write-ahead log here (journal mode stays \"" + mode +
                                    "\"); use a local file system"};
}

// Whose file it is, and whether this version can read it. True: it is new and empty.
Result<bool> examine(Database& database, const std::filesystem::path& file, const DatabaseSettings& settings) {
    AGENT_TRY(const auto owner, number_of(database, "PRAGMA application_id"));
    AGENT_TRY(const auto version, number_of(database, "PRAGMA user_version"));
    AGENT_TRY(const auto tables, number_of(database, "SELECT EXISTS (SELECT 1 FROM sqlite_schema)"));
    const auto known = static_cast<std::int64_t>(settings.migrations.size());
    if (owner == 0 && version == 0 && tables == 0) return true;
    if (owner != settings.application_id)
        return Error{Errc::corrupt, file.string() + ": belongs to another program (application_id " +
                                        std::to_string(owner) + ", ours is " + std::to_string(settings.application_id) +
                                        ")"};
    if (version > known)
        return Error{Errc::malformed, file.string() + ": was written by a newer version (its format is " +
                                          std::to_string(version) + ", this program knows up to " +
                                          std::to_string(known) +
                                          "); install that version again, or move the file away"};
    return false;
}

// Steps `first` to `last` in one transaction; nothing if another process was faster.
Result<> migrate(Database& database, sqlite3* connection, const DatabaseSettings& settings, std::size_t first,
                 std::size_t last) {
    AGENT_TRY(auto transaction, Transaction::begin(database));
    AGENT_TRY(const auto version, number_of(database, "PRAGMA user_version"));
    if (version >= static_cast<std::int64_t>(first)) return ok();
    for (std::size_t step = first; step <= last; ++step) {
        AGENT_TRY(run_script(connection, std::string{settings.migrations[step - 1]}));
    }
    AGENT_TRY(run_script(connection, "PRAGMA application_id=" + std::to_string(settings.application_id) +
                                         ";PRAGMA user_version=" + std::to_string(last)));
    return transaction.commit();
}

// A fresh file gets its format in one transaction, so that nobody ever reads half of it; an older one is brought on
// step by step.
Result<> bring_up_to_date(Database& database, sqlite3* connection, const DatabaseSettings& settings, bool fresh) {
    const auto last = settings.migrations.size();
    if (fresh && last > 0) {
        AGENT_TRY(migrate(database, connection, settings, 1, last));
    }
    for (std::size_t step = 1; step <= last; ++step) {
        AGENT_TRY(const auto version, number_of(database, "PRAGMA user_version"));
        if (version >= static_cast<std::int64_t>(step)) continue;
        AGENT_TRY(in_context(migrate(database, connection, settings, step, step),
                             "migration to format " + std::to_string(step)));
    }
    return ok();
}

}  // namespace

Result<Database> Database::open(const std::filesystem::path& path, OpenMode mode, const DatabaseSettings& settings) {
    AGENT_TRY(const auto file, real_path(path));
    AGENT_TRY(prepare_file(file, mode));
    const bool reader = mode == OpenMode::read_only;
    AGENT_TRY(auto connection,
              reader ? connect_reader(file) : connect(file.string(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW));
    Database database{connection.release()};
    AGENT_TRY(const bool fresh, examine(database, file, settings));
    if (fresh && mode != OpenMode::create)
        return Error{Errc::not_found, file.string() + ": is empty; it is filled when the program that owns it starts"};

    // The cache is bounded because the daemon has to stay small; a log that grew once is cut back.
    AGENT_TRY(database.execute("PRAGMA cache_size=-1024"));
    AGENT_TRY(database.execute("PRAGMA foreign_keys=ON"));
    if (reader) {
        AGENT_TRY(const auto version, number_of(database, "PRAGMA user_version"));
        if (version < static_cast<std::int64_t>(settings.migrations.size()))
            return Error{Errc::malformed, file.string() + ": has the older format " + std::to_string(version) +
                                              "; it is brought to format " +
                                              std::to_string(settings.migrations.size()) +
                                              " when the program that owns it starts"};
        return database;
    }
    AGENT_TRY(use_write_ahead_log(database, file));
    AGENT_TRY(database.execute("PRAGMA synchronous=FULL"));
    AGENT_TRY(database.execute("PRAGMA journal_size_limit=8388608"));
    AGENT_TRY(in_context(bring_up_to_date(database, database.raw_.get(), settings, fresh), file.string()));
    return database;
}

}  // namespace agent
