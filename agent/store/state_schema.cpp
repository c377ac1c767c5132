#include "store/state_schema.hpp"

namespace agent {
namespace {

// Chain and outbox. A bundle's row is written once; of its columns only `state` ever changes (0 waiting, 1 sent,
// 2 quarantined), which rewrites no body, so receipts and reasons have tables of their own. `bytes` stands last: what
// comes before it is read without touching it. Rows leave only by retention.
constexpr std::string_view chain_and_outbox = R"sql(
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE bundles (
    position INTEGER PRIMARY KEY,
    state INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2)),
    bundle_id TEXT NOT NULL UNIQUE,
    epoch TEXT NOT NULL,
    sequence INTEGER NOT NULL CHECK (sequence >= 1),
    previous_sha256 TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    check_name TEXT NOT NULL,
    result TEXT,
    outcome TEXT NOT NULL,
    order_id TEXT,
    created_at INTEGER NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    bytes BLOB NOT NULL,
    UNIQUE (epoch, sequence)
) STRICT;
CREATE INDEX bundles_waiting ON bundles (position) WHERE state = 0;
CREATE INDEX bundles_quarantined ON bundles (position) WHERE state = 2;

CREATE TABLE receipts (
    position INTEGER PRIMARY KEY REFERENCES bundles ON DELETE CASCADE,
    envelope BLOB NOT NULL
) STRICT;
CREATE TABLE quarantine (
    position INTEGER PRIMARY KEY REFERENCES bundles ON DELETE CASCADE,
    reason TEXT NOT NULL
) STRICT;

CREATE TABLE latest_of_check (
    check_name TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE queue_figures (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    waiting INTEGER NOT NULL CHECK (waiting >= 0),
    quarantined INTEGER NOT NULL CHECK (quarantined >= 0)
) STRICT;
INSERT INTO queue_figures VALUES (1, 0, 0);
CREATE TRIGGER bundle_arrives AFTER INSERT ON bundles BEGIN
    UPDATE queue_figures SET waiting = waiting + (NEW.state = 0), quarantined = quarantined + (NEW.state = 2);
END;
CREATE TRIGGER bundle_moves AFTER UPDATE OF state ON bundles WHEN OLD.state <> NEW.state BEGIN
    UPDATE queue_figures SET waiting = waiting + (NEW.state = 0) - (OLD.state = 0),
                             quarantined = quarantined + (NEW.state = 2) - (OLD.state = 2);
END;
)sql";

// Accepted orders and refused envelopes. `state`: 0 deferred, 1 executing, 2 done; envelope and gates go when it is
// done, since evidence holds them.
constexpr std::string_view ledger = R"sql(
CREATE TABLE orders (
    order_id TEXT PRIMARY KEY,
    nonce TEXT NOT NULL UNIQUE,
    payload_sha256 TEXT NOT NULL,
    state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
    accepted_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deferred_for TEXT,
    outcome TEXT,
    gates TEXT,
    envelope TEXT,
    CHECK ((state = 2) = (outcome IS NOT NULL)),
    CHECK ((state = 2) = (envelope IS NULL))
) STRICT;
CREATE INDEX orders_open ON orders (state, accepted_at) WHERE state < 2;
CREATE INDEX orders_by_age ON orders (accepted_at);

CREATE TABLE refusals (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    reason TEXT NOT NULL,
    refused_at INTEGER NOT NULL
) STRICT;
)sql";

// What checks and healing remember, and the agent's own account of itself.
constexpr std::string_view memory = R"sql(
CREATE TABLE check_results (
    name TEXT PRIMARY KEY,
    result TEXT NOT NULL,
    severity TEXT,
    reason TEXT NOT NULL,
    state_digest TEXT NOT NULL,
    last_run INTEGER NOT NULL,
    last_change INTEGER NOT NULL
) STRICT;
CREATE TABLE check_notes (
    name TEXT PRIMARY KEY,
    notes TEXT NOT NULL
) STRICT;
CREATE TABLE time_mark (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    mark INTEGER NOT NULL,
    since_boot INTEGER NOT NULL,
    boot_id TEXT NOT NULL
) STRICT;
CREATE TABLE loops (
    name TEXT PRIMARY KEY,
    last_success INTEGER,
    last_failure INTEGER,
    failure TEXT
) STRICT;
CREATE TABLE refusal_count (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    hour_started INTEGER NOT NULL,
    recorded INTEGER NOT NULL,
    unrecorded INTEGER NOT NULL
) STRICT;
CREATE TABLE healing_runs (
    key TEXT NOT NULL,
    ran_at INTEGER NOT NULL
) STRICT;
CREATE INDEX healing_runs_by_key ON healing_runs (key, ran_at);
)sql";

// A durable append touches as few pages as it can. A file holds one epoch and its chain has no holes: the sequence is
// the row's key, which keeps it unique without an index of its own. What arrived is the newest position, so only what
// leaves the queue is counted. `latest_of_check` is brought up to date by whoever prunes.
// The tables that refer to `bundles` go first: dropping it would empty them.
constexpr std::string_view lighter_append = R"sql(
CREATE TABLE new_bundles (
    position INTEGER PRIMARY KEY,
    state INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2)),
    bundle_id TEXT NOT NULL UNIQUE,
    epoch TEXT NOT NULL,
    sequence INTEGER NOT NULL CHECK (sequence = position AND sequence >= 1),
    previous_sha256 TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    check_name TEXT NOT NULL,
    result TEXT,
    outcome TEXT NOT NULL,
    order_id TEXT,
    created_at INTEGER NOT NULL,
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    bytes BLOB NOT NULL
) STRICT;
INSERT INTO new_bundles SELECT * FROM bundles ORDER BY position;
CREATE TABLE new_receipts (
    position INTEGER PRIMARY KEY REFERENCES new_bundles ON DELETE CASCADE,
    envelope BLOB NOT NULL
) STRICT;
INSERT INTO new_receipts SELECT * FROM receipts ORDER BY position;
CREATE TABLE new_quarantine (
    position INTEGER PRIMARY KEY REFERENCES new_bundles ON DELETE CASCADE,
    reason TEXT NOT NULL
) STRICT;
INSERT INTO new_quarantine SELECT * FROM quarantine ORDER BY position;
CREATE TABLE new_queue_figures (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    sent INTEGER NOT NULL CHECK (sent >= 0),
    quarantined INTEGER NOT NULL CHECK (quarantined >= 0)
) STRICT;
INSERT INTO new_queue_figures
    SELECT 1, coalesce((SELECT max(position) FROM bundles), 0) - waiting - quarantined, quarantined FROM queue_figures;

DROP TABLE receipts;
DROP TABLE quarantine;
DROP TABLE bundles;
DROP TABLE queue_figures;
ALTER TABLE new_bundles RENAME TO bundles;
ALTER TABLE new_receipts RENAME TO receipts;
ALTER TABLE new_quarantine RENAME TO quarantine;
ALTER TABLE new_queue_figures RENAME TO queue_figures;

CREATE INDEX bundles_waiting ON bundles (position) WHERE state = 0;
CREATE INDEX bundles_quarantined ON bundles (position) WHERE state = 2;
CREATE TRIGGER bundle_moves AFTER UPDATE OF state ON bundles WHEN OLD.state <> NEW.state BEGIN
    UPDATE queue_figures SET sent = sent + (NEW.state = 1) - (OLD.state = 1),
                             quarantined = quarantined + (NEW.state = 2) - (OLD.state = 2);
END;
)sql";

// When checks changed lately: a flapping one is not healed.
constexpr std::string_view changes_of_checks = R"sql(
CREATE TABLE check_changes (
    name TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX check_changes_by_name ON check_changes (name, changed_at);
)sql";

// Refusal bundles are bounded over any span of an hour, so each one's moment is kept. Of an hour that an older version
// counted only the number is known: they are taken to have come at its end, the latest they can.
constexpr std::string_view refusals_one_by_one = R"sql(
CREATE TABLE unsigned_refusals (
    number INTEGER PRIMARY KEY,
    recorded_at INTEGER NOT NULL
) STRICT;
WITH RECURSIVE counted (n, at) AS (
    SELECT recorded, hour_started + 3599999 FROM refusal_count WHERE recorded > 0
    UNION ALL
    SELECT n - 1, at FROM counted WHERE n > 1
)
INSERT INTO unsigned_refusals (recorded_at) SELECT at FROM counted;
ALTER TABLE refusal_count DROP COLUMN hour_started;
ALTER TABLE refusal_count DROP COLUMN recorded;
)sql";

// Whether a loop's last failure is one that waiting does not mend.
constexpr std::string_view loop_alarms = R"sql(
ALTER TABLE loops ADD COLUMN alarm INTEGER NOT NULL DEFAULT 0;
)sql";

// Runs that are not closed. `state`: 0 stepping, 1 verifying, 2 rolling back. `before` and `saved` are JSON; what was
// saved may be a file's content, so it goes with its run.
constexpr std::string_view healing_journal = R"sql(
CREATE TABLE open_runs (
    number INTEGER PRIMARY KEY,
    runbook_id TEXT NOT NULL,
    runbook_sha256 TEXT NOT NULL,
    trigger TEXT NOT NULL,
    order_id TEXT UNIQUE,
    started_at INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state IN (0, 1, 2))
) STRICT;
CREATE TABLE begun_steps (
    run INTEGER NOT NULL REFERENCES open_runs ON DELETE CASCADE,
    step INTEGER NOT NULL,
    action TEXT NOT NULL,
    before TEXT NOT NULL,
    saved TEXT,
    PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;
)sql";

// Further states: 3 confirming, 4 confirmed, 5 unconfirmed. A run's timer knows it by its number alone, which must not
// become another's. A constraint is changed by making the table anew. Checks whose healing a person must resume, with
// the reason.
constexpr std::string_view confirmations = R"sql(
CREATE TABLE kept_runs AS SELECT * FROM open_runs;
CREATE TABLE kept_steps AS SELECT * FROM begun_steps;
DROP TABLE begun_steps;
DROP TABLE open_runs;
CREATE TABLE open_runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    runbook_id TEXT NOT NULL,
    runbook_sha256 TEXT NOT NULL,
    trigger TEXT NOT NULL,
    order_id TEXT UNIQUE,
    started_at INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 5)
) STRICT;
CREATE TABLE begun_steps (
    run INTEGER NOT NULL REFERENCES open_runs ON DELETE CASCADE,
    step INTEGER NOT NULL,
    action TEXT NOT NULL,
    before TEXT NOT NULL,
    saved TEXT,
    PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;
INSERT INTO open_runs SELECT * FROM kept_runs;
INSERT INTO begun_steps SELECT * FROM kept_steps;
DROP TABLE kept_runs;
DROP TABLE kept_steps;
CREATE TABLE held_checks (
    name TEXT PRIMARY KEY,
    held_at INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// What a begun step gave, as JSON; nothing: it has not ended, as far as is known.
constexpr std::string_view ended_steps = R"sql(
ALTER TABLE begun_steps ADD COLUMN ended TEXT;
)sql";

// What is carried out behind the undos when a run is put back; `data` is JSON.
constexpr std::string_view rollback_steps = R"sql(
CREATE TABLE rollback_steps (
    run INTEGER NOT NULL REFERENCES open_runs ON DELETE CASCADE,
    step INTEGER NOT NULL,
    action TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace

const DatabaseSettings& state_schema() {
    // "CmpA" in ASCII: `file state.db` shows it.
    static const DatabaseSettings settings{
        .application_id = 0x436d7041,
        .migrations = {chain_and_outbox, ledger, memory, lighter_append, changes_of_checks, refusals_one_by_one,
                       loop_alarms, healing_journal, confirmations, ended_steps, rollback_steps}};
    return settings;
}

}  // namespace agent
