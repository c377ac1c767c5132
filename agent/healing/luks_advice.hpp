#pragma once
// From what the check encryption found to what a person can do about it. Nothing of it is ever run by us: each of these
// commands can lose data. Pure.
#include <string>
#include <vector>

#include "model/check.hpp"

namespace agent {

struct LuksAdvice {
    std::string condition;  // of the finding: "mount:/srv"
    std::string problem;
    std::vector<std::string> lines;  // commands, and remarks that begin with "#"
};

// For each finding that is not fine.
[[nodiscard]] std::vector<LuksAdvice> advise_on_encryption(const CheckReport& report);

}  // namespace agent
