#include "healing/runbook.hpp"

#include <algorithm>

namespace agent {

bool Runbook::changes_host() const noexcept {
    return std::any_of(steps.begin(), steps.end(), [](const auto& step) { return step->changes_host(); });
}

bool Runbook::can_roll_back() const noexcept {
    const bool each_undoes = std::all_of(steps.begin(), steps.end(),
                                         [](const auto& step) { return !step->changes_host() || step->can_undo(); });
    return changes_host() && (each_undoes || !rollback.empty());
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

void RunbookCatalogue::allow_programs(const std::vector<std::string>& allowed,
                                      const std::filesystem::path& configuration) {
    if (std::ranges::find(allowed, "*") != allowed.end()) return;
    std::erase_if(runbooks_, [&](const std::unique_ptr<Runbook>& runbook) {
        const auto before = refused_.size();
        for (const auto& use : runbook->programs) {
            if (std::ranges::find(allowed, use.program.native()) != allowed.end()) continue;
            refused_.push_back({runbook->id,
                                {runbook->file.string(), use.line, use.place,
                                 use.program.native() + " is not among the programs that " + configuration.string() +
                                     " allows in healing.commands"}});
        }
        return refused_.size() != before;
    });
}

const Fault* RunbookCatalogue::why_refused(const RunbookId& id) const noexcept {
    for (const auto& refused : refused_)
        if (refused.id == id) return &refused.fault;
    for (const auto& refused : refused_)
        if (refused.id.empty()) return &refused.fault;
    return nullptr;
}

}  // namespace agent
