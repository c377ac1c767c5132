#pragma once
// The journal of one run, in the state file.
#include <functional>
#include <optional>

#include "healing/run_journal.hpp"
#include "model/bundle.hpp"
#include "store/state_store.hpp"

namespace agent {

// In the transaction that stores `draft`, the evidence of that run. Where something could not be put back, nothing
// heals that check again until a person resumes it.
[[nodiscard]] Result<> close_run(StateStore& store, Transaction& transaction, std::int64_t run,
                                 const EvidenceDraft& draft, WallTime now);

class StoredRun final : public RunJournal {
public:
    using Work = std::function<Result<>(Transaction&)>;
    // Runs the work in a transaction of its own and commits it.
    using Commit = std::function<Result<>(const Work&)>;

    // `number` is that of the run in the journal; nothing: of a runbook that changes nothing, which needs no journal.
    StoredRun(HealingJournal& journal, Commit commit, std::optional<std::int64_t> number)
        : journal_{journal}, commit_{std::move(commit)}, number_{number} {}

    [[nodiscard]] Result<> keep_rollback(const std::vector<RollbackStep>& steps) override;
    [[nodiscard]] Result<> begin_step(const BegunStep& step) override;
    [[nodiscard]] Result<> end_step(const EndedStep& ended) override;
    [[nodiscard]] Result<> enter(RunState state) override;
    [[nodiscard]] Result<bool> confirm() override;

private:
    HealingJournal& journal_;
    Commit commit_;
    std::optional<std::int64_t> number_;
};

}  // namespace agent
