// What the state file costs: a durable enqueue against a raw SQLite commit of the same row, and a queue of a million
// rows against one of a thousand. Every figure is a ratio of medians of strictly alternating operations.
//
//   store_bench FOLDER [ROWS]     FOLDER lies on the disk in question; ROWS of the long queue, 1000000 unless given
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "async/system_time_source.hpp"
#include "base/encoding.hpp"
#include "crypto/digest.hpp"
#include "crypto/random.hpp"
#include "evidence/recorder.hpp"

namespace agent {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Operation = std::function<void()>;

constexpr int blocks = 9;
constexpr int operations = 250;
constexpr std::size_t acknowledged_at_once = 32;

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "store_bench: %s\n", why.c_str());
    std::exit(1);
}

template <class T>
T value_of(Result<T> result) {
    if (result.has_error()) give_up(result.error().message());
    if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

double microseconds(const Operation& operation) {
    const auto before = Clock::now();
    operation();
    return std::chrono::duration<double, std::micro>(Clock::now() - before).count();
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values.at(values.size() / 2);
}

// A and B in strict alternation; the ratio of their medians per block, and its range over the blocks. `before` each
// pair is not measured.
void compare(
    const char* name, int per_block, const Operation& a, const Operation& b, const Operation& before = [] {}) {
    std::vector<double> ratios;
    std::vector<double> all_a;
    std::vector<double> all_b;
    for (int block = 0; block < blocks; ++block) {
        std::vector<double> times_a;
        std::vector<double> times_b;
        for (int i = 0; i < per_block; ++i) {
            before();
            times_a.push_back(microseconds(a));
            times_b.push_back(microseconds(b));
        }
        ratios.push_back(median(times_a) / median(times_b));
        all_a.push_back(median(std::move(times_a)));
        all_b.push_back(median(std::move(times_b)));
    }
    const auto [least, most] = std::ranges::minmax(ratios);
    std::printf("%-44s %9.1f us %9.1f us   ratio %.3f (%.3f to %.3f)\n", name, median(all_a), median(all_b),
                median(ratios), least, most);
    std::fflush(stdout);
}

// One table with the same columns, by SQLite's own interface; WAL and FULL as ours. Of ours it has neither the index of
// what waits nor the look at the chain's head.
class RawTable {
public:
    explicit RawTable(const fs::path& file) {
        if (sqlite3_open(file.c_str(), &database_) != SQLITE_OK) give_up("cannot open " + file.string());
        run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE bundles (position INTEGER PRIMARY KEY, "
            "state INTEGER NOT NULL, bundle_id TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL, sequence INTEGER NOT NULL, "
            "previous_sha256 TEXT NOT NULL, sha256 TEXT NOT NULL, check_name TEXT NOT NULL, result TEXT, outcome TEXT "
            "NOT NULL, order_id TEXT, created_at INTEGER NOT NULL, signature BLOB NOT NULL, bytes BLOB NOT NULL) "
            "STRICT");
        sqlite3_prepare_v2(database_,
                           "INSERT INTO bundles VALUES (NULL, 0, ?1, ?2, ?3, ?4, ?5, ?6, NULL, 'success', NULL, ?7, "
                           "?8, ?9)",
                           -1, &insert_, nullptr);
    }
    RawTable(const RawTable&) = delete;
    RawTable& operator=(const RawTable&) = delete;
    RawTable(RawTable&&) = delete;
    RawTable& operator=(RawTable&&) = delete;
    ~RawTable() {
        sqlite3_finalize(insert_);
        sqlite3_close(database_);
    }
    void insert(const std::string& id, const SignedBundle& row) {
        bind(1, id);
        bind(2, row.chain.epoch);
        sqlite3_bind_int64(insert_, 3, row.chain.sequence);
        bind(4, row.chain.previous_sha256);
        bind(5, row.sha256);
        bind(6, row.check);
        sqlite3_bind_int64(insert_, 7, row.created_at.time_since_epoch().count());
        sqlite3_bind_blob64(insert_, 8, row.signature.data(), row.signature.size(), SQLITE_STATIC);
        sqlite3_bind_blob64(insert_, 9, row.bytes.data(), row.bytes.size(), SQLITE_STATIC);
        if (sqlite3_step(insert_) != SQLITE_DONE) give_up(sqlite3_errmsg(database_));
        sqlite3_reset(insert_);
    }

private:
    void bind(int index, const std::string& text) {
        sqlite3_bind_text64(insert_, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    void run(const char* sql) {
        if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) give_up(sqlite3_errmsg(database_));
    }
    sqlite3* database_{};
    sqlite3_stmt* insert_{};
};

EvidenceDraft draft_of_2_kib(WallTime now) {
    EvidenceDraft draft;
    draft.started = now;
    draft.ended = now;
    draft.check = "patching";
    draft.pre_state = Value::object({{"pad", std::string(900, 'x')}});
    return draft;
}

void bench_enqueue(const fs::path& folder, const TimeSource& time) {
    auto store = value_of(StateStore::open(folder / "enqueue", OpenMode::create, time.wall_now()));
    const auto key = value_of(PrivateKey::generate());
    Speaker speaker;
    speaker.site_id = SiteId{"site"};
    speaker.host_id = HostId{"host"};
    Recorder recorder{*store, time, key, speaker};
    const auto first = value_of(recorder.record(draft_of_2_kib(time.wall_now())));
    const auto row = value_of(store->evidence().find(first.bundle_id))->bundle;
    RawTable raw{folder / "raw.db"};
    RawTable control{folder / "control.db"};
    std::printf("durable enqueue of a bundle of %zu bytes\n", row.bytes.size());
    compare(
        "control: raw commit / raw commit", operations, [&] { control.insert(random_uuid(), row); },
        [&] { raw.insert(random_uuid(), row); });
    // The goal is stated as a rate: raw time over ours.
    compare(
        "raw commit / Recorder::record", operations, [&] { raw.insert(random_uuid(), row); },
        [&] { value_of(recorder.record(draft_of_2_kib(time.wall_now()))); });
    auto bundle = row;
    compare(
        "raw commit / EvidenceLog::append and commit", operations, [&] { raw.insert(random_uuid(), row); },
        [&] {
            auto transaction = value_of(store->begin());
            const auto head = value_of(store->evidence().head());
            bundle.bundle_id = BundleId{random_uuid()};
            bundle.chain = ChainLink{head.epoch, head.sequence + 1, head.head_sha256};
            value_of(store->evidence().append(transaction, bundle));
            value_of(transaction.commit());
        });
}

// A queue of `rows` waiting bundles.
class Queue {
public:
    Queue(const fs::path& folder, std::int64_t rows, WallTime now) : folder_{folder}, now_{now} {
        store_ = value_of(StateStore::open(folder_, OpenMode::create, now_));
        epoch_ = value_of(store_->evidence().head()).epoch;
        while (sequence_ < rows) {
            auto transaction = value_of(store_->begin());
            for (int i = 0; i < 10'000 && sequence_ < rows; ++i) append(transaction);
            value_of(transaction.commit());
        }
    }
    void append_one() { append_many(1); }
    void append_many(std::size_t count) {
        auto transaction = value_of(store_->begin());
        for (std::size_t i = 0; i < count; ++i) append(transaction);
        value_of(transaction.commit());
    }
    void next_waiting() {
        if (!value_of(store_->evidence().next_waiting(0))) give_up("the queue is empty");
    }
    void acknowledge() {
        std::vector<BundleReceipt> receipts;
        for (const auto& bundle : value_of(store_->evidence().queued(acknowledged_at_once)))
            receipts.push_back({bundle.bundle.bundle_id, std::string(600, 'r')});
        value_of(store_->evidence().acknowledge(receipts));
    }
    void figures() { value_of(store_->evidence().figures()); }
    void head() { value_of(store_->evidence().head()); }
    void reopen() {
        store_.reset();
        store_ = value_of(StateStore::open(folder_, OpenMode::create, now_));
    }

private:
    void append(Transaction& transaction) {
        SignedBundle bundle;
        bundle.bundle_id = BundleId{random_uuid()};
        bundle.bytes = std::string(400, 'b');
        bundle.sha256 = std::string(64, 'a');
        bundle.chain = ChainLink{epoch_, ++sequence_, std::string(64, 'a')};
        bundle.check = "patching";
        bundle.created_at = now_;
        value_of(store_->evidence().append(transaction, bundle));
    }

    fs::path folder_;
    WallTime now_;
    std::unique_ptr<StateStore> store_;
    std::string epoch_;
    std::int64_t sequence_{};
};

void bench_queue(const fs::path& folder, std::int64_t rows, WallTime now) {
    Queue small{folder / "small", 1'000, now};
    Queue control{folder / "control", 1'000, now};
    Queue large{folder / "large", rows, now};
    std::printf("queue of %lld rows against one of 1000\n", static_cast<long long>(rows));
    compare(
        "control: next_waiting, 1000 / 1000", operations, [&] { control.next_waiting(); },
        [&] { small.next_waiting(); });
    compare(
        "next_waiting", operations, [&] { large.next_waiting(); }, [&] { small.next_waiting(); });
    compare(
        "figures", operations, [&] { large.figures(); }, [&] { small.figures(); });
    compare(
        "head", operations, [&] { large.head(); }, [&] { small.head(); });
    compare(
        "append and commit", operations, [&] { large.append_one(); }, [&] { small.append_one(); });
    compare(
        "queued and acknowledge, 32", 50, [&] { large.acknowledge(); }, [&] { small.acknowledge(); },
        [&] {
            large.append_many(acknowledged_at_once);
            small.append_many(acknowledged_at_once);
        });
    compare(
        "open", 25, [&] { large.reopen(); }, [&] { small.reopen(); });
}

}  // namespace
}  // namespace agent

int main(int count, char** words) {
    if (count < 2 || count > 3) agent::give_up("usage: store_bench FOLDER [ROWS]");
    const std::filesystem::path folder{words[1]};
    const long long rows = count == 3 ? std::atoll(words[2]) : 1'000'000;
    std::filesystem::create_directories(folder);
    if (!std::filesystem::is_empty(folder)) agent::give_up(folder.string() + " is not empty");
    const agent::SystemTimeSource time;
    agent::bench_enqueue(folder, time);
    agent::bench_queue(folder, rows, time.wall_now());
    return 0;
}
