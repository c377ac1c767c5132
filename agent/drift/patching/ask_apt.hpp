#pragma once
// What apt and dpkg say now: from the answer we kept where it still holds, else asked for afresh.
#include <optional>

#include "drift/check.hpp"
#include "drift/patching/apt_host.hpp"
#include "drift/patching/kept_answer.hpp"

namespace agent {

struct AptAnswer {
    Result<AptSimulation> simulation;
    Result<DpkgView> dpkg;
    WallTime made;  // when apt was asked
};

// apt's lock is not taken and nothing is written. `kept` becomes the answer where it may be kept, and stays as it is
// where apt failed: a failure is never kept. The only error is `cancelled`.
[[nodiscard]] Task<AptAnswer> ask_apt(CheckTools& tools, const AptHost& host, std::optional<KeptAnswer>& kept);

}  // namespace agent
