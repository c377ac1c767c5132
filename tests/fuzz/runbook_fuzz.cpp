// Runbooks: a file is either a runbook with steps or told of as faulty, and never both.
#include "fuzz/fuzz.hpp"
#include "healing/runbook.hpp"
#include "support/temporary_directory.hpp"

void agent::testing::fuzz(std::string_view input) {
    static const TemporaryDirectory folder;
    folder.write("RB-FUZZ.yaml", input);
    const auto outcome = RunbookCatalogue::load(folder.path());
    must(outcome.catalogue.all().empty() != outcome.faults.empty(), "a runbook or faults");
    for (const auto& fault : outcome.faults) must(!fault.text.empty(), "a fault has words");
    for (const auto& runbook : outcome.catalogue.all()) {
        must(!runbook->steps.empty(), "a runbook has steps");
        must(outcome.catalogue.find(runbook->id) == runbook.get(), "a runbook is found by its id");
        for (const auto& step : runbook->steps) must(step != nullptr, "every step was read");
        for (const auto& step : runbook->rollback)
            must(step != nullptr && step->changes_host(), "it takes something back");
        must(runbook->changes_host() || !runbook->can_roll_back(), "only a change can be undone");
    }
}
