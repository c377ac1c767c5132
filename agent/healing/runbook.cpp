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

RunbookCatalogue RunbookCatalogue::refusing_all(Fault why) {
    RunbookCatalogue none;
    none.refused_.push_back({RunbookId{}, std::move(why)});
    return none;
}

const Fault* RunbookCatalogue::why_refused(const RunbookId& id) const noexcept {
    for (const auto& refused : refused_)
        if (refused.id == id) return &refused.fault;
    for (const auto& refused : refused_)
        if (refused.id.empty()) return &refused.fault;
    return nullptr;
}

}  // namespace agent
