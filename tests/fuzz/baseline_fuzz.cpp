// The baseline: either faults, each with its words, or a baseline whose checks are told apart and can explain
// themselves.
#include "drift/baseline.hpp"
#include "fuzz/fuzz.hpp"
#include "support/temporary_directory.hpp"

void agent::testing::fuzz(std::string_view input) {
    static const TemporaryDirectory folder;
    const auto outcome = load_baseline(folder.write("baseline.yaml", input));
    must(outcome.baseline.has_value() == outcome.faults.empty(), "a baseline only where there is no fault");
    for (const auto& fault : outcome.faults) must(!fault.text.empty(), "a fault has words");
    if (!outcome.baseline) return;
    must(outcome.baseline->sha256.size() == 64, "a baseline has the digest of its bytes");
    for (const auto& check : outcome.baseline->checks) {
        const auto& name = check->settings().name;
        must(!name.empty(), "a check has a name");
        must(outcome.baseline->find(name) == check.get(), "a check is found by its name");
        must(!check->explain().empty(), "a check explains itself");
    }
}
