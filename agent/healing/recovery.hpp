#pragma once
// The end of a run that was cut short, by one rule for each state in which a crash can leave it:
//   stepping, rolling back, confirming, unconfirmed   everything is put back
//   verifying   verified again and closed; put back where that fails, or where a confirmation would have followed
//   confirmed   closed
// It is never carried on: an order has one effect at most. A step that ended without touching anything has nothing to
// put back, whatever the state.
#include "healing/action.hpp"
#include "healing/run_journal.hpp"
#include "healing/runbook.hpp"

namespace agent {

// Null where the runbook is gone, or another by now.
[[nodiscard]] const Runbook* the_very_runbook(const RunbookCatalogue& runbooks, const RunHeader& header) noexcept;

// `runbook` is null unless it is the very one, by its digest, that was run. Outcome `success` where the verification
// succeeded, `reverted` where something was put back and nothing is left changed, else `failed`. The order is the
// caller's to add.
[[nodiscard]] asio::awaitable<EvidenceDraft> finish_interrupted(const ActionTools& tools, const OpenRun& run,
                                                                const Runbook* runbook, RunJournal& journal);

}  // namespace agent
