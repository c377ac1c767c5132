#pragma once
// Evidence of a person who holds or resumes healing.
#include <optional>

#include "model/bundle.hpp"

namespace agent {

// As model/hold.hpp has them; null where there is no hold.
struct HoldChange {
    std::optional<CheckName> check;  // nothing: of the whole host
    Value before;
    Value after;
};

[[nodiscard]] EvidenceDraft draft_of_hold(HoldChange change, WallTime now);

}  // namespace agent
