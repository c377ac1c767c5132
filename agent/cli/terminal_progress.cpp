#include "cli/terminal_progress.hpp"

#include <unistd.h>

#include <iostream>

namespace agent::cli {
namespace {

class TerminalProgress final : public RunProgress {
public:
    void tell(const RunEvent& event) override { std::cerr << describe(event) << '\n'; }
};

}  // namespace

RunProgress& progress_on_terminal() {
    static TerminalProgress terminal;
    if (isatty(STDERR_FILENO) == 1) return terminal;
    return unwatched();
}

}  // namespace agent::cli
