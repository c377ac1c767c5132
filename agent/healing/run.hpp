#pragma once
// One run of one runbook, from the first look to the last: steps in order, verification, and rollback where a step or
// the verification fails. The engine makes one for each run.
#include <optional>
#include <string>
#include <vector>

#include "healing/action.hpp"
#include "healing/confirmation.hpp"
#include "healing/known_secrets.hpp"
#include "healing/run_journal.hpp"
#include "healing/run_progress.hpp"
#include "healing/runbook.hpp"
#include "model/bundle.hpp"

namespace agent {

// Evidence of `runbook` before anything is known of a run.
[[nodiscard]] EvidenceDraft blank_draft(const Runbook& runbook, WallTime now);
// pre_state and post_state: {"steps": [{step, action, state}]}.
[[nodiscard]] Value state_of(const std::vector<PlanStep>& steps);

// How a run ended, apart from its words.
struct RunEnd {
    bool steps_done{};    // every step succeeded
    bool verified{};      // and the repaired check is fine, where there is one
    bool undone{};        // something was changed and put back
    bool left_changed{};  // something changed could not be put back, or may not be as before
    bool alerted{};       // a step called for a person
};
[[nodiscard]] Outcome outcome_of(const RunEnd& end) noexcept;

class Run {
public:
    // `params` as ParameterSchema::check gave them. `journal` is asked only where the host may change, `confirmation`
    // only where the runbook wants one.
    Run(const ActionTools& tools, const Runbook& runbook, Value params, RunJournal& journal, Confirmation& confirmation,
        RunProgress& progress);
    // Once.
    [[nodiscard]] asio::awaitable<EvidenceDraft> carry_out();

private:
    struct Step {
        PlanStep before;  // at the first look, before any step
        Value after;
        std::optional<BegunStep> begun;  // just before it might change the host
        bool touched{};
    };

    [[nodiscard]] Task<> look_before();
    [[nodiscard]] Task<> carry_out_and_prove(RunEnd& end);
    [[nodiscard]] Task<> take_steps();
    [[nodiscard]] Task<StepOutcome> take(Step& step, Action& action);
    [[nodiscard]] Task<StepOutcome> change_host(Step& step, Action& action);
    [[nodiscard]] Task<> arm();
    void tell(Step& step, const Action& action, StepOutcome outcome, double seconds);
    [[nodiscard]] Task<CheckReport> look_at_check();
    [[nodiscard]] Task<> verify();
    [[nodiscard]] Task<> confirm();
    [[nodiscard]] asio::awaitable<void> disarm();
    // What could not be put back, a sentence each.
    [[nodiscard]] asio::awaitable<std::vector<std::string>> put_back();
    void enter(RunState state);
    void go_on_after(const Result<>& written) const;
    [[nodiscard]] bool has_begun() const;
    [[nodiscard]] bool has_touched() const;
    [[nodiscard]] Value steps_state(bool after) const;
    void close(const RunEnd& end, std::string error);
    void tell_check();
    [[nodiscard]] RunEvent event(RunMoment moment) const;
    // `taken` may be of an undo.
    void tell_ended(const ActionTaken& taken);

    const ActionTools& tools_;
    const Runbook& runbook_;
    Value params_;  // and the other values for markers, as they become known
    RunJournal& journal_;
    Confirmation& confirmation_;
    RunProgress& progress_;
    KnownSecrets secrets_;
    std::string alert_;  // what the steps want of a person
    EvidenceDraft draft_;
    std::vector<Step> steps_;
    std::vector<RollbackStep> rollback_;
    std::optional<CheckReport> check_before_;
    std::optional<CheckReport> check_after_;
    std::optional<MonoTime> confirm_by_;  // the timer runs
    bool confirmed_{};
};

}  // namespace agent
