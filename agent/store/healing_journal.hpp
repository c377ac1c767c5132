#pragma once
// Runs of runbooks that are not closed: how far each has come, what puts its steps back, and what those that have ended
// gave. A step stands here before it touches the host; a run leaves in the transaction that stores its evidence.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/bundle.hpp"
#include "model/order.hpp"
#include "model/value.hpp"
#include "model/vocabulary.hpp"
#include "store/database.hpp"

namespace agent {

enum class RunState : std::uint8_t {
    stepping,   // whether a begun step that has not ended was carried out is not known
    verifying,  // every step was carried out and succeeded
    rolling_back,
    confirming,   // verified too; undone unless the server is reached in time
    confirmed,    // the server was reached: it stays
    unconfirmed,  // it was not, and the run's timer puts everything back
};

// What a begun step gave.
struct EndedStep {
    ActionTaken taken;  // as evidence tells it, without secrets
    bool touched{};     // changed something, or may have
    Value after;        // what it saw afterwards
};

// A step that was about to change the host.
struct BegunStep {
    std::int64_t step{};  // from 1, as in plans
    std::string action;
    Value before;                // what it found, in the terms of its plan
    std::optional<Value> saved;  // what its undo needs; nothing: it cannot be undone
    // Nothing: it was cut short, or its end could not be written.
    std::optional<EndedStep> ended{std::nullopt};

    // False only where it is known to have left the host alone: there is nothing to put back then.
    [[nodiscard]] bool may_have_touched() const noexcept { return !ended || ended->touched; }
};

// A step under `rollback` of the runbook: carried out behind the undos, when the run is put back.
struct RollbackStep {
    std::int64_t step{};  // numbered behind the runbook's own
    std::string action;
    Value data;  // all that carrying it out needs
    friend bool operator==(const RollbackStep&, const RollbackStep&) = default;
};

struct RunHeader {
    RunbookId runbook;
    std::string runbook_sha256;
    Trigger trigger{Trigger::manual};
    std::optional<OrderId> order;
    WallTime started;
};

struct OpenRun {
    std::int64_t number{};
    RunHeader header;
    RunState state{RunState::stepping};
    std::vector<BegunStep> steps;        // in the order they were begun
    std::vector<RollbackStep> rollback;  // in the order they are carried out
};

class HealingJournal {
public:
    explicit HealingJournal(Database& database) : database_{&database} {}

    // The number of a new run, which has begun no step. An order has one run at most (`storage`).
    [[nodiscard]] Result<std::int64_t> begin(Transaction& transaction, const RunHeader& header);
    // Before its first step begins.
    [[nodiscard]] Result<> keep_rollback(Transaction& transaction, std::int64_t run,
                                         const std::vector<RollbackStep>& steps);
    // `refused` where its timer has taken the run.
    [[nodiscard]] Result<> begin_step(Transaction& transaction, std::int64_t run, const BegunStep& step);
    // Of the step that `ended.taken` names.
    [[nodiscard]] Result<> end_step(Transaction& transaction, std::int64_t run, const EndedStep& ended);
    // What its timer has taken stays `unconfirmed` until it is put back, whatever else is entered.
    [[nodiscard]] Result<> enter(Transaction& transaction, std::int64_t run, RunState state);
    // Of a run and its timer, which may be two processes, one decides: true where the state was `from` until now.
    [[nodiscard]] Result<bool> replace_state(Transaction& transaction, std::int64_t run, RunState from, RunState to);
    // In the transaction that stores its evidence.
    [[nodiscard]] Result<> close(Transaction& transaction, std::int64_t run);

    [[nodiscard]] Result<std::optional<std::int64_t>> run_of(const OrderId& order);
    [[nodiscard]] Result<std::vector<RollbackStep>> rollback_of(std::int64_t run);
    // Oldest first. While nobody holds the right to heal, these were cut short.
    [[nodiscard]] Result<std::vector<OpenRun>> open();

private:
    [[nodiscard]] Result<std::vector<BegunStep>> steps_of(std::int64_t run);

    Database* database_;
};

}  // namespace agent
