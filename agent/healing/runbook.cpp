#include "healing/runbook.hpp"

#include <algorithm>

namespace agent {

bool Runbook::changes_host() const noexcept {
    return std::any_of(steps.begin(), steps.end(), [](const auto& step) { return step->changes_host(); });
}

bool Runbook::can_roll_back() const noexcept {
    return changes_host() && std::all_of(steps.begin(), steps.end(),
                                         [](const auto& step) { return !step->changes_host() || step->can_undo(); });
}

const Runbook* RunbookCatalogue::find(const RunbookId& id) const noexcept {
    for (const auto& runbook : runbooks_)
        if (runbook->id == id) return runbook.get();
    return nullptr;
}

}  // namespace agent
