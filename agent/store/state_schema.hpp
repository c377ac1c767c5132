#pragma once
// The tables of state.db, step by step. A step that was released is never changed; a new one is added behind it.
#include "store/database.hpp"

namespace agent {

[[nodiscard]] const DatabaseSettings& state_schema();

}  // namespace agent
