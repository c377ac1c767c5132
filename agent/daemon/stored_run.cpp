#include "daemon/stored_run.hpp"

#include <algorithm>

namespace agent {
namespace {

Error not_begun() { return Error{Errc::storage, "the run is not in the healing journal"}; }

bool is_left_changed(const EvidenceDraft& draft, const std::vector<RollbackStep>& rollback) {
    return std::ranges::any_of(draft.action_taken, [&rollback](const ActionTaken& taken) {
        const bool takes_back = std::ranges::find(rollback, taken.step, &RollbackStep::step) != rollback.end();
        return taken.result == "undo failed" || (takes_back && taken.result == "failed");
    });
}

}  // namespace

Result<> close_run(StateStore& store, Transaction& transaction, std::int64_t run, const EvidenceDraft& draft,
                   WallTime now) {
    AGENT_TRY(const auto rollback, store.journal().rollback_of(run));
    AGENT_TRY(store.journal().close(transaction, run));
    if (draft.check == EvidenceDraft{}.check || !is_left_changed(draft, rollback)) return ok();
    return store.checks().hold(
        transaction, {CheckName{draft.check}, now,
                      "a run of " + (draft.runbook_id ? draft.runbook_id->str() : "") + " could not be put back"});
}

Result<> StoredRun::keep_rollback(const std::vector<RollbackStep>& steps) {
    if (!number_) return not_begun();
    return commit_([&](Transaction& transaction) { return journal_.keep_rollback(transaction, *number_, steps); });
}

Result<> StoredRun::begin_step(const BegunStep& step) {
    if (!number_) return not_begun();
    return commit_([&](Transaction& transaction) { return journal_.begin_step(transaction, *number_, step); });
}

Result<> StoredRun::end_step(const EndedStep& ended) {
    if (!number_) return not_begun();
    return commit_([&](Transaction& transaction) { return journal_.end_step(transaction, *number_, ended); });
}

Result<> StoredRun::enter(RunState state) {
    if (!number_) return not_begun();
    return commit_([&](Transaction& transaction) { return journal_.enter(transaction, *number_, state); });
}

Result<bool> StoredRun::confirm() {
    if (!number_) return not_begun();
    bool first = false;
    AGENT_TRY(commit_([&](Transaction& transaction) -> Result<> {
        AGENT_TRY(first, journal_.replace_state(transaction, *number_, RunState::confirming, RunState::confirmed));
        return ok();
    }));
    return first;
}

}  // namespace agent
