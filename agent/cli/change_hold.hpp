#pragma once
// Holding and resuming healing by hand, with evidence.
#include <functional>
#include <vector>

#include "cli/session.hpp"
#include "evidence/hold_evidence.hpp"

namespace agent::cli {

struct HoldWork {
    std::function<Result<>(Transaction&)> write;
    std::vector<HoldChange> changes;  // a bundle each
};

// In one transaction. Whoever stops healing must not be kept from it: where no evidence can be recorded, a complaint
// says so and the work is done all the same.
[[nodiscard]] Result<> change_hold(const AgentSettings& settings, StateStore& store, const HoldWork& work);

}  // namespace agent::cli
