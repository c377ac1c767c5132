#pragma once
// Where a run writes down how far it has come. What is told is durable when the call returns.
#include "base/port.hpp"
#include "base/result.hpp"
#include "store/healing_journal.hpp"

namespace agent {

class RunJournal : public Port {
public:
    // Once, before the first step; only where the runbook has steps under `rollback`.
    [[nodiscard]] virtual Result<> keep_rollback(const std::vector<RollbackStep>& steps) = 0;
    // Before a step that may change the host. Where it cannot be written down, the step is not carried out.
    [[nodiscard]] virtual Result<> begin_step(const BegunStep& step) = 0;
    // Behind it, whatever it gave, and before anything else of the run.
    [[nodiscard]] virtual Result<> end_step(const EndedStep& ended) = 0;
    [[nodiscard]] virtual Result<> enter(RunState state) = 0;
    // From `confirming` to `confirmed`; false where the run's timer came first.
    [[nodiscard]] virtual Result<bool> confirm() = 0;
};

}  // namespace agent
