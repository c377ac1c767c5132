#pragma once
// What a run is doing, a line each, for a person who waits.
#include "healing/run_progress.hpp"

namespace agent::cli {

// On standard error where that is a terminal, else nowhere.
[[nodiscard]] RunProgress& progress_on_terminal();

}  // namespace agent::cli
