#pragma once
// Expressions and statements of nft's JSON without what moves by itself.
#include <string>

#include "model/value.hpp"

namespace agent {

// Counters without their numbers, quotas without what is used; unnamed sets and flags in a fixed order, since they have
// none; one flag as a list of one, whichever way this version of nft prints it.
[[nodiscard]] Value normal_form(const Value& value);

// Equal for equal values only.
[[nodiscard]] std::string text_of(const Value& value);

}  // namespace agent
