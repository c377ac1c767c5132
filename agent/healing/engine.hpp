#pragma once
// Carries out runbooks: plan, steps, verification by the check it repairs, rollback where that fails. Records nothing:
// what happened is handed back as a draft of evidence.
#include <variant>

#include "async/time_source.hpp"
#include "healing/action.hpp"
#include "healing/confirmation.hpp"
#include "healing/run_journal.hpp"
#include "healing/run_progress.hpp"
#include "healing/runbook.hpp"
#include "model/bundle.hpp"
#include "model/order.hpp"

namespace agent {

// Local policy allows this run: made only by `heal` and by drift under mode enforce, after judge_policy said nothing.
struct LocalMandate {
    Trigger trigger{Trigger::manual};
    Value params{Value::Object{}};
};
// Nothing else starts a run: an order through every gate, or local policy.
using Mandate = std::variant<const AdmittedOrder*, const LocalMandate*>;

class HealingEngine {
public:
    // `progress` hears what each run is doing.
    explicit HealingEngine(ActionTools tools, RunProgress& progress = unwatched())
        : tools_{std::move(tools)}, progress_{progress} {}

    // What `runbook` would do now; changes nothing. `sha256` covers the runbook's bytes, the parameters, what it names
    // of the baseline, and every current and desired value, and no time or other value that moves by itself.
    [[nodiscard]] Task<Plan> plan(const Runbook& runbook, const Value& params);

    // Carries `runbook` out, and writes every step that may change the host into `journal` before it;
    // `confirmation` is asked where the runbook says `confirm`. Errors of steps
    // are in the draft (`failed`, `reverted`), not here. The draft has check, result, severity, controls, pre_state,
    // post_state, action_taken, rollback, outcome, error, runbook and times; the trigger is that of the mandate, the
    // order is the caller's to add. A run that has begun is not cut short when the caller is stopped: it comes to its
    // end, which the time limits of its steps bound.
    [[nodiscard]] asio::awaitable<EvidenceDraft> apply(const Runbook& runbook, Mandate mandate, RunJournal& journal,
                                                       Confirmation& confirmation);

    // Brings a run to its end that was cut short (recovery.hpp); not stopped half-way either.
    [[nodiscard]] asio::awaitable<EvidenceDraft> finish(const OpenRun& run, const Runbook* runbook,
                                                        RunJournal& journal);

    // The draft of a `plan` order, or of one deferred by dry_run: the plan, and nothing changed. Outcome `success`, or
    // `failed` without a plan where the host could not be looked at.
    [[nodiscard]] asio::awaitable<EvidenceDraft> describe(const Runbook& runbook, const Value& params);

private:
    [[nodiscard]] asio::awaitable<EvidenceDraft> carry_out(const Runbook& runbook, Value params, RunJournal& journal,
                                                           Confirmation& confirmation);
    [[nodiscard]] static asio::awaitable<EvidenceDraft> unstoppable(asio::awaitable<EvidenceDraft> work);

    ActionTools tools_;
    RunProgress& progress_;
};

}  // namespace agent
