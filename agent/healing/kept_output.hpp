#pragma once
// What evidence keeps of a step's output: the first and the last limits::output_kept bytes.
#include <string_view>

#include "host/process_runner.hpp"
#include "model/bundle.hpp"

namespace agent {

void keep_output(std::string_view text, ActionTaken& taken);
// Both streams, standard error behind standard output and under a line that says so.
void keep_output(const CommandExit& exit, ActionTaken& taken);

}  // namespace agent
