#pragma once
// Which orders were accepted, what became of them, and which envelopes were refused: at most one effect per order.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/order.hpp"
#include "store/database.hpp"

namespace agent {

// How an offered payload stands to those accepted before (PROTOCOL.md section 4, "at most one effect").
enum class Familiarity : std::uint8_t {
    unknown,
    handled,   // the same payload bytes were accepted: no second effect, no new bundle
    replayed,  // its nonce or order id belongs to another accepted payload
};

enum class LedgerState : std::uint8_t { deferred, executing, done };

// An accepted order that is not done.
struct OpenOrder {
    AdmittedOrder order;
    LedgerState state{};
    WallTime accepted_at;
    std::optional<Gate> deferred_for;
};

// What became of an accepted order.
struct LedgerEntry {
    LedgerState state{};
    WallTime accepted_at;
    WallTime updated_at;                 // where done: when it ended
    std::optional<Gate> deferred_for;    // where policy held it
    std::optional<std::string> outcome;  // where done
};

class OrderLedger {
public:
    explicit OrderLedger(Database& database) : database_{&database} {}

    // `payload` is the received bytes.
    [[nodiscard]] Result<Familiarity> familiarity(const OrderId& id, std::string_view nonce, std::string_view payload);

    [[nodiscard]] Result<std::optional<LedgerEntry>> find(const OrderId& id);

    // Stores nonce, order id, payload digest, envelope and gates, durable when `transaction` commits. `deferred_for`
    // empty: the order is `executing` from this commit on, so that a crash afterwards is found by interrupted().
    // Errors: `refused` if another payload holds the nonce or order id.
    [[nodiscard]] Result<AdmittedOrder> accept(Transaction& transaction, const VerifiedOrder& order,
                                               std::vector<GateEntry> gates, WallTime now,
                                               std::optional<Gate> deferred_for);

    // Orders found `executing`: call at start, before anything runs. They are to be closed as `failed`, "interrupted".
    [[nodiscard]] Result<std::vector<OpenOrder>> interrupted();
    // Held orders, oldest first.
    [[nodiscard]] Result<std::vector<OpenOrder>> deferred();
    // deferred → executing, the intent before the action. `not_found` if it is not deferred any more.
    [[nodiscard]] Result<> start(Transaction& transaction, const OrderId& id, WallTime now);
    // → done. In the transaction that appends the closing bundle.
    [[nodiscard]] Result<> close(Transaction& transaction, const OrderId& id, std::string_view outcome, WallTime now);

    // Envelopes that were refused are not looked at again (PROTOCOL.md section 4). `key` is a digest the caller makes.
    [[nodiscard]] Result<bool> was_refused(std::string_view key);
    [[nodiscard]] Result<> remember_refusal(Transaction& transaction, std::string_view key, std::string_view reason,
                                            WallTime now);

    // Forgets accepted orders past limits::ledger_retention *and* their TTL at `now`, the mark of time, and the oldest
    // refusals beyond 100,000.
    [[nodiscard]] Result<> prune(Transaction& transaction, WallTime now);

private:
    [[nodiscard]] static Result<OpenOrder> read_open(const Statement& row);
    [[nodiscard]] Result<std::vector<OpenOrder>> open_in(LedgerState state);

    Database* database_;
};

}  // namespace agent
