#pragma once
// What the baseline says of patching.
#include "drift/check.hpp"

namespace agent {

struct PatchingBaseline {
    CheckSettings common;
    Duration lists_age_most{std::chrono::days{3}};
    Duration pending_medium{std::chrono::days{2}};
    Duration pending_high{std::chrono::days{7}};
    Duration pending_critical{std::chrono::days{30}};
};

}  // namespace agent
