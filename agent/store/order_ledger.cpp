#include "store/order_ledger.hpp"

#include "codec/envelope.hpp"
#include "codec/json.hpp"
#include "codec/order_codec.hpp"
#include "crypto/digest.hpp"
#include "model/limits.hpp"
#include "store/columns.hpp"

namespace agent {
namespace {

constexpr std::int64_t refusals_kept = 100'000;

std::string write_gates(const std::vector<GateEntry>& gates) {
    Value::Array list;
    for (const auto& entry : gates)
        list.push_back(Value::object(
            {{"gate", to_string(entry.gate)}, {"verdict", to_string(entry.verdict)}, {"detail", entry.detail}}));
    return write_json(list);
}

template <class E>
std::optional<E> word_of(const Value& object, std::string_view name) {
    const auto* member = object.find(name);
    const auto* word = member != nullptr ? member->string() : nullptr;
    return word != nullptr ? parse_word<E>(*word) : std::nullopt;
}

Result<std::vector<GateEntry>> read_gates(std::string_view json) {
    AGENT_TRY(const auto value, parse_json(json));
    std::vector<GateEntry> gates;
    const auto* list = value.array();
    if (list == nullptr) return Error{Errc::malformed, "the stored gates are no array"};
    for (const auto& item : *list) {
        const auto gate = word_of<Gate>(item, "gate");
        const auto verdict = word_of<Verdict>(item, "verdict");
        const auto* detail = item.find("detail");
        if (!gate || !verdict || detail == nullptr || detail->string() == nullptr)
            return Error{Errc::malformed, "a stored gate entry is incomplete"};
        gates.push_back({*gate, *verdict, *detail->string()});
    }
    return gates;
}

}  // namespace

Result<Familiarity> OrderLedger::familiarity(const OrderId& id, std::string_view nonce, std::string_view payload) {
    const auto digest = sha256_hex(payload);
    AGENT_TRY(auto statement,
              database_->prepare("SELECT payload_sha256 FROM orders WHERE order_id = ?1 OR nonce = ?2"));
    statement.bind(1, id.str()).bind(2, nonce);
    auto answer = Familiarity::unknown;
    for (;;) {
        AGENT_TRY(const auto row, statement.step());
        if (!row) return answer;
        if (statement.text(0) != digest) return Familiarity::replayed;
        answer = Familiarity::handled;
    }
}

Result<std::optional<LedgerEntry>> OrderLedger::find(const OrderId& id) {
    AGENT_TRY(auto statement, database_->prepare("SELECT state, accepted_at, updated_at, deferred_for, outcome "
                                                 "FROM orders WHERE order_id = ?1"));
    AGENT_TRY(const auto row, statement.bind(1, id.str()).step());
    if (!row) return std::optional<LedgerEntry>{};
    AGENT_TRY(const auto deferred_for, word_column<Gate>(statement, 3));
    return std::optional<LedgerEntry>{LedgerEntry{static_cast<LedgerState>(statement.integer(0)),
                                                  time_column(statement, 1), time_column(statement, 2), deferred_for,
                                                  optional_text(statement, 4)}};
}

Result<AdmittedOrder> OrderLedger::accept(Transaction&, const VerifiedOrder& order, std::vector<GateEntry> gates,
                                          WallTime now, std::optional<Gate> deferred_for) {
    const auto& payload = order.payload();
    const auto& bytes = order.envelope().payload;
    AGENT_TRY(const auto known, familiarity(payload.order_id, payload.nonce, bytes));
    switch (known) {
        case Familiarity::unknown: break;
        case Familiarity::handled:
            return Error{Errc::refused, "order " + payload.order_id.str() + " was accepted before"};
        case Familiarity::replayed:
            return Error{Errc::refused, "order " + payload.order_id.str() +
                                            ": its nonce or id belongs to another order that was accepted"};
    }
    AGENT_TRY(auto insert,
              database_->prepare("INSERT INTO orders (order_id, nonce, payload_sha256, state, accepted_at, "
                                 "expires_at, updated_at, deferred_for, gates, envelope) "
                                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?7, ?8, ?9)"));
    insert.bind(1, payload.order_id.str()).bind(2, payload.nonce).bind(3, sha256_hex(bytes));
    insert.bind(4, static_cast<std::int64_t>(deferred_for ? LedgerState::deferred : LedgerState::executing));
    insert.bind(5, to_column(now)).bind(6, to_column(payload.expires_at()));
    bind_word(insert, 7, deferred_for);
    insert.bind(8, write_gates(gates)).bind(9, write_json(order.envelope().members));
    AGENT_TRY(insert.run());
    return AdmittedOrder{AdmittedOrder::Passkey{}, payload, order.envelope().members, std::move(gates)};
}

Result<OpenOrder> OrderLedger::read_open(const Statement& row) {
    AGENT_TRY(auto envelope, parse_envelope(row.text(4)));
    AGENT_TRY(auto payload, parse_order(envelope.payload));
    AGENT_TRY(auto gates, read_gates(row.text(3)));
    AGENT_TRY(const auto deferred_for, word_column<Gate>(row, 2));
    AdmittedOrder order{AdmittedOrder::Passkey{}, std::move(payload), std::move(envelope.members), std::move(gates)};
    return OpenOrder{std::move(order), static_cast<LedgerState>(row.integer(0)), time_column(row, 1), deferred_for};
}

Result<std::vector<OpenOrder>> OrderLedger::open_in(LedgerState state) {
    AGENT_TRY(auto statement, database_->prepare("SELECT state, accepted_at, deferred_for, gates, envelope, order_id "
                                                 "FROM orders INDEXED BY orders_open WHERE state < 2 AND state = ?1 "
                                                 "ORDER BY accepted_at, rowid"));
    statement.bind(1, static_cast<std::int64_t>(state));
    std::vector<OpenOrder> found;
    for (;;) {
        AGENT_TRY(const auto row, statement.step());
        if (!row) return found;
        auto order = read_open(statement);
        if (order.has_error())
            return Error{Errc::corrupt, "the state file's order " + statement.text(5) +
                                            " cannot be read back: " + order.error().message()};
        found.push_back(std::move(order).value());
    }
}

Result<std::vector<OpenOrder>> OrderLedger::interrupted() { return open_in(LedgerState::executing); }

Result<std::vector<OpenOrder>> OrderLedger::deferred() { return open_in(LedgerState::deferred); }

Result<> OrderLedger::start(Transaction&, const OrderId& id, WallTime now) {
    AGENT_TRY(auto statement,
              database_->prepare("UPDATE orders SET state = 1, updated_at = ?2 WHERE order_id = ?1 AND state = 0"));
    AGENT_TRY(statement.bind(1, id.str()).bind(2, to_column(now)).run());
    if (database_->changes() == 0) return Error{Errc::not_found, "order " + id.str() + " is not deferred any more"};
    return ok();
}

Result<> OrderLedger::close(Transaction&, const OrderId& id, std::string_view outcome, WallTime now) {
    AGENT_TRY(auto statement, database_->prepare("UPDATE orders SET state = 2, updated_at = ?2, outcome = ?3, "
                                                 "gates = NULL, envelope = NULL WHERE order_id = ?1 AND state < 2"));
    AGENT_TRY(statement.bind(1, id.str()).bind(2, to_column(now)).bind(3, outcome).run());
    if (database_->changes() == 0) return Error{Errc::not_found, "order " + id.str() + " is not open any more"};
    return ok();
}

Result<bool> OrderLedger::was_refused(std::string_view key) {
    AGENT_TRY(auto statement, database_->prepare("SELECT 1 FROM refusals WHERE key = ?1"));
    return statement.bind(1, key).step();
}

Result<> OrderLedger::remember_refusal(Transaction&, std::string_view key, std::string_view reason, WallTime now) {
    AGENT_TRY(auto statement, database_->prepare("INSERT INTO refusals (key, reason, refused_at) VALUES (?1, ?2, ?3) "
                                                 "ON CONFLICT (key) DO NOTHING"));
    return statement.bind(1, key).bind(2, reason).bind(3, to_column(now)).run();
}

Result<> OrderLedger::prune(Transaction&, WallTime now) {
    AGENT_TRY(auto orders,
              database_->prepare("DELETE FROM orders WHERE state = 2 AND accepted_at < ?1 AND expires_at <= ?2"));
    AGENT_TRY(orders.bind(1, to_column(now - limits::ledger_retention)).bind(2, to_column(now)).run());
    AGENT_TRY(auto refusals,
              database_->prepare("DELETE FROM refusals WHERE number <= (SELECT max(number) FROM refusals) - ?1"));
    return refusals.bind(1, refusals_kept).run();
}

}  // namespace agent
