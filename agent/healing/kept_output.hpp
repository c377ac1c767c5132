#pragma once
// What evidence keeps of a step's output: the first and the last limits::output_kept bytes, without secrets.
#include <string_view>

#include "host/process_runner.hpp"
#include "model/bundle.hpp"
#include "model/limits.hpp"

namespace agent {

// What is to be captured at either end: more than is kept, since a line that capturing cut apart is left out.
inline constexpr std::size_t output_captured = 2 * limits::output_kept;

void keep_output(std::string_view text, ActionTaken& taken);
// Both streams, standard error behind standard output and under a line that says so.
void keep_output(const CommandExit& exit, ActionTaken& taken);

// The line that says where output was left out, its line feeds included; empty where there is none.
[[nodiscard]] std::string_view find_gap(std::string_view text) noexcept;

}  // namespace agent
