#pragma once
// What the baseline says of patching.
#include <cstdint>
#include <optional>
#include <string>

#include "drift/check.hpp"

namespace agent {

struct PatchingBaseline {
    CheckSettings common;
    Duration lists_age_most{std::chrono::days{3}};
    Duration pending_medium{std::chrono::days{2}};
    Duration pending_high{std::chrono::days{7}};
    Duration pending_critical{std::chrono::days{30}};
    Duration reboot_within{std::chrono::days{7}};
    Duration restart_within{std::chrono::days{3}};  // of services on old libraries
    Duration generation_medium{std::chrono::days{30}};
    Duration generation_high{std::chrono::days{60}};
    std::optional<std::int64_t> generation;  // that must run; nothing: the newest
    std::optional<std::string> revision;     // that must run; nothing: any
};

}  // namespace agent
