#pragma once
// What later steps may take of what a program printed.
#include <string_view>

#include "healing/known_secrets.hpp"
#include "model/value.hpp"

namespace agent {

inline constexpr std::size_t step_output_most = 256;
// As much of the output as tells whether it is usable: one byte and a line feed more.
inline constexpr std::size_t step_output_looked_at = step_output_most + 2;

// The one line of `printed`, for the markers of later steps (template.hpp), by the rules of parameters. Unusable is
// what is empty or longer, and what holds a secret: an argument stands in evidence, and any user may see it in a
// process list.
[[nodiscard]] Value usable_output(std::string_view printed, const KnownSecrets& secrets);

}  // namespace agent
