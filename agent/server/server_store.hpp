#pragma once
// The order server's one file: hosts and their keys, orders and their progress, the archive of evidence.
#include <filesystem>

#include "base/result.hpp"
#include "store/database.hpp"

namespace agent {

// Opens <state_dir>/server.db; with OpenMode::create the folder and the file are made where they are missing. A damaged
// file is an error (`corrupt`) and stays as it is: it is the archive of evidence, never set aside by a program.
[[nodiscard]] Result<Database> open_server_store(const std::filesystem::path& state_dir, OpenMode mode);

}  // namespace agent
