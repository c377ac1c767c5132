#pragma once
// Liberties that some messages take with strict JSON; for the codecs of this folder.
#include <cstddef>
#include <string_view>

#include "base/result.hpp"
#include "model/limits.hpp"
#include "model/value.hpp"

namespace agent {

struct JsonRules {
    // An object that is the value of a member of this name, at this depth, is not read but kept: in its place stands
    // {"bytes": its bytes in the text}. Its strings and brackets tell where it ends; nothing else in it is judged.
    std::string_view kept_member;
    std::size_t kept_depth{};
    // At this depth an integer that does not fit 64 bits is the nearest that does; elsewhere it becomes a real.
    std::size_t saturated_depth{};
    std::size_t deepest{limits::json_depth};
};

[[nodiscard]] Result<Value> parse_json(std::string_view text, const JsonRules& rules);

}  // namespace agent
