#include "drift/check.hpp"
#include "drift/file_check.hpp"
#include "drift/patching/patching_check.hpp"

namespace agent {

Checks make_checks(const Baseline& baseline) {
    Checks checks;
    if (baseline.patching)
        checks.push_back(std::make_unique<PatchingCheck>(*baseline.patching, AptHost::of_this_machine()));
    for (const auto& file : baseline.files) checks.push_back(std::make_unique<FileCheck>(file));
    return checks;
}

}  // namespace agent
