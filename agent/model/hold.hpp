#pragma once
// A hold on healing, by a person or by the agent itself: of the whole host, for a time or until it is resumed; or of
// what repairs one check, until it is resumed. How evidence tells of it.
#include <optional>
#include <string>

#include "base/time.hpp"
#include "model/value.hpp"

namespace agent {

// The end of a hold without a term: the last moment that RFC 3339 can say.
[[nodiscard]] WallTime until_resumed();

// The host's: null where none is in force at `now`, else {"until"}, null until it is resumed.
[[nodiscard]] Value value_of_hold(const std::optional<WallTime>& until, WallTime now);
// A check's: {"since", "reason"}.
[[nodiscard]] Value value_of_held_check(WallTime since, const std::string& reason);

}  // namespace agent
