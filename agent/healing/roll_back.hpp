#pragma once
// Putting back what the steps of a run changed: of a run under way as of one that a crash cut short.
#include <map>
#include <string>
#include <vector>

#include "healing/action.hpp"
#include "store/healing_journal.hpp"

namespace agent {

struct RolledBack {
    std::vector<ActionTaken> taken;        // one for each step that was put back, or could not be; then the `rollback`
    std::map<std::int64_t, Value> states;  // of the steps that were looked at afterwards, by their number
    std::vector<std::string> left;         // what is not as before, a sentence each
};

// The last step first; one that is known to have left the host alone is passed over. An undo that says it is done is
// not believed: what the step found before must be found again. Then the steps under `rollback`, in their order, unless
// nothing was touched: each of them whatever became of what came before, since it may be the one that brings the line
// back. Steps without an undo count as taken back where all of those succeeded.
[[nodiscard]] asio::awaitable<RolledBack> roll_back(const ActionTools& tools, std::vector<BegunStep> steps,
                                                    std::vector<RollbackStep> rollback);

}  // namespace agent
