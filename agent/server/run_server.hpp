#pragma once
#include <filesystem>

namespace agent {

// `compliance-server run`: serves until SIGTERM or SIGINT; a second one ends the process at once. SIGHUP reloads order
// keys and TLS files, all or nothing. Gives the exit status (INTERFACE.md): 0, 2 or 78.
[[nodiscard]] int run_server(const std::filesystem::path& config);

}  // namespace agent
