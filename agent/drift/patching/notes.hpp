#pragma once
// Members of what the check wrote down at its last look; notes may be damaged or of another version.
#include <string>
#include <string_view>

#include "model/value.hpp"

namespace agent {

// Null where there is no text of that name.
[[nodiscard]] inline const std::string* text_in(const Value& notes, std::string_view name) {
    const auto* member = notes.find(name);
    return member == nullptr ? nullptr : member->string();
}

}  // namespace agent
