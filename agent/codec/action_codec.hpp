#pragma once
// A step that was taken, as evidence and the healing journal have it.
#include "base/result.hpp"
#include "model/bundle.hpp"

namespace agent {

[[nodiscard]] Value value_of(const ActionTaken& taken);
// `malformed` unless every member is there with its type.
[[nodiscard]] Result<ActionTaken> read_action_taken(const Value& value);

}  // namespace agent
