#include "store/healing_journal.hpp"

#include "codec/action_codec.hpp"
#include "codec/json.hpp"
#include "codec/members.hpp"
#include "store/columns.hpp"

namespace agent {
namespace {

Result<OpenRun> read_run(const Statement& row) {
    OpenRun run;
    run.number = row.integer(0);
    run.header.runbook = RunbookId{row.text(1)};
    run.header.runbook_sha256 = row.text(2);
    AGENT_TRY(const auto trigger, word_column<Trigger>(row, 3));
    if (!trigger) return Error{Errc::corrupt, "a run of the healing journal has no trigger"};
    run.header.trigger = *trigger;
    if (auto order = optional_text(row, 4)) run.header.order = OrderId{*std::move(order)};
    run.header.started = time_column(row, 5);
    run.state = static_cast<RunState>(row.integer(6));
    return run;
}

Value value_of_end(const EndedStep& ended) {
    return Value::object({{"taken", value_of(ended.taken)}, {"touched", ended.touched}, {"after", ended.after}});
}

Result<EndedStep> read_ended(const std::string& text) {
    AGENT_TRY(const auto value, parse_json(text));
    AGENT_TRY(const auto members, Members::of(value, ""));
    EndedStep ended;
    AGENT_TRY(const auto* taken, members.required("taken"));
    AGENT_TRY(ended.taken, read_action_taken(*taken));
    AGENT_TRY(ended.touched, members.boolean("touched"));
    AGENT_TRY(const auto* after, members.required("after"));
    ended.after = *after;
    return ended;
}

}  // namespace

Result<std::int64_t> HealingJournal::begin(Transaction&, const RunHeader& header) {
    AGENT_TRY(auto insert,
              database_->prepare("INSERT INTO open_runs (runbook_id, runbook_sha256, trigger, order_id, started_at, "
                                 "state) VALUES (?1, ?2, ?3, ?4, ?5, 0)"));
    insert.bind(1, header.runbook.str()).bind(2, header.runbook_sha256).bind(3, to_string(header.trigger));
    insert.bind(4, header.order ? std::optional{header.order->str()} : std::nullopt);
    AGENT_TRY(insert.bind(5, to_column(header.started)).run());
    return database_->last_insert_rowid();
}

Result<> HealingJournal::keep_rollback(Transaction&, std::int64_t run, const std::vector<RollbackStep>& steps) {
    AGENT_TRY(auto insert, database_->prepare("INSERT INTO rollback_steps (run, step, action, data) "
                                              "VALUES (?1, ?2, ?3, ?4)"));
    for (const auto& step : steps) {
        insert.bind(1, run).bind(2, step.step).bind(3, step.action).bind(4, write_json(step.data));
        AGENT_TRY(insert.run());
    }
    return ok();
}

Result<> HealingJournal::begin_step(Transaction&, std::int64_t run, const BegunStep& step) {
    AGENT_TRY(auto insert, database_->prepare("INSERT INTO begun_steps (run, step, action, before, saved) "
                                              "SELECT ?1, ?2, ?3, ?4, ?5 FROM open_runs "
                                              "WHERE number = ?1 AND state <> ?6"));
    insert.bind(1, run).bind(2, step.step).bind(3, step.action).bind(4, write_json(step.before));
    insert.bind(5, step.saved ? std::optional{write_json(*step.saved)} : std::nullopt);
    AGENT_TRY(insert.bind(6, static_cast<std::int64_t>(RunState::unconfirmed)).run());
    if (database_->changes() == 1) return ok();
    return Error{Errc::refused, "the run is closed, or its timer came first and puts everything back"};
}

Result<> HealingJournal::end_step(Transaction&, std::int64_t run, const EndedStep& ended) {
    AGENT_TRY(auto update, database_->prepare("UPDATE begun_steps SET ended = ?3 WHERE run = ?1 AND step = ?2"));
    return update.bind(1, run).bind(2, ended.taken.step).bind(3, write_json(value_of_end(ended))).run();
}

Result<> HealingJournal::enter(Transaction&, std::int64_t run, RunState state) {
    AGENT_TRY(auto update, database_->prepare("UPDATE open_runs SET state = ?2 "
                                              "WHERE number = ?1 AND (state <> ?3 OR ?2 = ?4)"));
    update.bind(1, run).bind(2, static_cast<std::int64_t>(state));
    update.bind(3, static_cast<std::int64_t>(RunState::unconfirmed));
    return update.bind(4, static_cast<std::int64_t>(RunState::rolling_back)).run();
}

Result<bool> HealingJournal::replace_state(Transaction&, std::int64_t run, RunState from, RunState to) {
    AGENT_TRY(auto update, database_->prepare("UPDATE open_runs SET state = ?3 WHERE number = ?1 AND state = ?2"));
    update.bind(1, run).bind(2, static_cast<std::int64_t>(from)).bind(3, static_cast<std::int64_t>(to));
    AGENT_TRY(update.run());
    return database_->changes() == 1;
}

Result<> HealingJournal::close(Transaction&, std::int64_t run) {
    AGENT_TRY(auto remove, database_->prepare("DELETE FROM open_runs WHERE number = ?1"));
    return remove.bind(1, run).run();
}

Result<std::optional<std::int64_t>> HealingJournal::run_of(const OrderId& order) {
    AGENT_TRY(auto statement, database_->prepare("SELECT number FROM open_runs WHERE order_id = ?1"));
    AGENT_TRY(const auto row, statement.bind(1, order.str()).step());
    return row ? std::optional{statement.integer(0)} : std::nullopt;
}

Result<std::vector<OpenRun>> HealingJournal::open() {
    AGENT_TRY(auto statement, database_->prepare("SELECT number, runbook_id, runbook_sha256, trigger, order_id, "
                                                 "started_at, state FROM open_runs ORDER BY number"));
    std::vector<OpenRun> runs;
    for (;;) {
        AGENT_TRY(const auto row, statement.step());
        if (!row) return runs;
        AGENT_TRY(auto run, read_run(statement));
        AGENT_TRY(run.steps, steps_of(run.number));
        AGENT_TRY(run.rollback, rollback_of(run.number));
        runs.push_back(std::move(run));
    }
}

Result<std::vector<RollbackStep>> HealingJournal::rollback_of(std::int64_t run) {
    AGENT_TRY(auto statement,
              database_->prepare("SELECT step, action, data FROM rollback_steps WHERE run = ?1 ORDER BY step"));
    statement.bind(1, run);
    std::vector<RollbackStep> steps;
    for (;;) {
        AGENT_TRY(const auto row, statement.step());
        if (!row) return steps;
        RollbackStep step{statement.integer(0), statement.text(1), {}};
        AGENT_TRY(step.data, parse_json(statement.text(2)));
        steps.push_back(std::move(step));
    }
}

Result<std::vector<BegunStep>> HealingJournal::steps_of(std::int64_t run) {
    AGENT_TRY(
        auto statement,
        database_->prepare("SELECT step, action, before, saved, ended FROM begun_steps WHERE run = ?1 ORDER BY step"));
    statement.bind(1, run);
    std::vector<BegunStep> steps;
    for (;;) {
        AGENT_TRY(const auto row, statement.step());
        if (!row) return steps;
        BegunStep step{statement.integer(0), statement.text(1), {}, {}, {}};
        AGENT_TRY(step.before, parse_json(statement.text(2)));
        if (const auto saved = optional_text(statement, 3)) {
            AGENT_TRY(step.saved, parse_json(*saved));
        }
        if (const auto ended = optional_text(statement, 4)) {
            // What cannot be read keeps no step from being put back.
            auto end = read_ended(*ended);
            if (end.has_value()) step.ended = std::move(end).value();
        }
        steps.push_back(std::move(step));
    }
}

}  // namespace agent
