#pragma once
// Where the declared patching check looks: there, and nowhere else, packages are upgraded and generations switched.
#include <cstdint>
#include <optional>

#include "drift/patching/patching_check.hpp"
#include "healing/action.hpp"

namespace agent {

struct PatchedHost {
    PatchingHost host;
    std::optional<std::int64_t> generation;  // that must run by the baseline; nothing: the newest
};

// This machine where the baseline has no check of patching.
[[nodiscard]] PatchedHost patched_host(const ActionTools& tools);

}  // namespace agent
