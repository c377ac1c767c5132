#include "server/server_store.hpp"

#include <system_error>

namespace agent {
namespace {

constexpr std::int32_t application_id = 0x43534F53;  // "CSOS"

// Times are milliseconds since 1970, UTC. `position` is the order of arrival and never used twice.
constexpr std::string_view first_format = R"sql(
CREATE TABLE hosts (
    site_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    enrolled INTEGER NOT NULL,   -- 1: it was added with an evidence key; 0: it was only seen
    last_seen INTEGER,
    PRIMARY KEY (site_id, host_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE evidence_keys (
    site_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    public_key BLOB NOT NULL,    -- 32 raw bytes
    added_at INTEGER NOT NULL,
    PRIMARY KEY (site_id, host_id, key_id),
    FOREIGN KEY (site_id, host_id) REFERENCES hosts
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id TEXT NOT NULL UNIQUE,
    site_id TEXT NOT NULL,
    host_id TEXT NOT NULL,       -- may be '*'
    identity TEXT NOT NULL,      -- of payload and signatures, however the JSON is laid out
    payload TEXT NOT NULL,       -- base64
    accepted_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    envelope BLOB NOT NULL       -- the bytes as submitted
) STRICT;
CREATE INDEX orders_by_audience ON orders (site_id, host_id, expires_at);

CREATE TABLE order_reports (
    order_id TEXT NOT NULL REFERENCES orders (order_id),
    host_id TEXT NOT NULL,
    status TEXT NOT NULL,
    final INTEGER NOT NULL,
    reason TEXT,
    bundle_id TEXT,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (order_id, host_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE bundles (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    bundle_id TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL,
    site_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    check_name TEXT NOT NULL,
    result TEXT,
    outcome TEXT NOT NULL,
    order_id TEXT,
    epoch TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    previous_sha256 TEXT NOT NULL,
    gap INTEGER NOT NULL,        -- 1 while the bundle before it is missing
    fork INTEGER NOT NULL        -- 1: it does not fit what was there when it came
) STRICT;
CREATE INDEX bundles_by_host ON bundles (site_id, host_id, position);
CREATE INDEX bundles_by_link ON bundles (site_id, host_id, epoch, sequence);
CREATE INDEX bundles_with_gap ON bundles (site_id, host_id) WHERE gap = 1;
CREATE INDEX bundles_with_fork ON bundles (site_id, host_id) WHERE fork = 1;

-- What is big, apart from what is searched.
CREATE TABLE bundle_documents (
    position INTEGER PRIMARY KEY REFERENCES bundles (position),
    bytes BLOB NOT NULL,
    signature BLOB NOT NULL,
    receipt TEXT NOT NULL        -- the envelope, handed out again as it is
) STRICT;

CREATE TABLE chains (
    site_id TEXT NOT NULL,
    host_id TEXT NOT NULL,
    epoch TEXT NOT NULL,
    began INTEGER NOT NULL,      -- position of the epoch's first arrival
    sequence INTEGER NOT NULL,
    head_sha256 TEXT NOT NULL,
    PRIMARY KEY (site_id, host_id, epoch)
) STRICT, WITHOUT ROWID;
)sql";

// UUIDs are compared without regard to case.
constexpr std::string_view second_format = "CREATE INDEX bundles_by_id ON bundles (bundle_id COLLATE NOCASE)";

Error explained(const Error& error) {
    if (error.code() != Errc::corrupt) return error;
    return Error{Errc::corrupt,
                 error.message() +
                     "; this file is the archive of evidence and is not replaced by the server: copy it "
                     "away with its -wal file, then restore a backup or recover it with sqlite3 .recover"};
}

}  // namespace

Result<Database> open_server_store(const std::filesystem::path& state_dir, OpenMode mode) {
    std::error_code failure;
    if (mode == OpenMode::create && std::filesystem::create_directories(state_dir, failure))
        std::filesystem::permissions(state_dir, std::filesystem::perms::owner_all, failure);
    if (failure) return Error{Errc::storage, state_dir.string() + ": " + failure.message()};
    const DatabaseSettings settings{.application_id = application_id, .migrations = {first_format, second_format}};
    auto database = Database::open(state_dir / "server.db", mode, settings);
    if (database.has_error()) return explained(database.error());
    return database;
}

}  // namespace agent
