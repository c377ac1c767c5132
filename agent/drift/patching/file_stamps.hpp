#pragma once
// Whether files changed since, told without reading them: device, inode, size and both times of each.
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace agent {

// A digest over the stamps of `paths`: files, and folders with all that is in them. That a file is missing is told like
// any other state; what may not be looked at is an error. Left out of folders: "lock", "partial" and "auxfiles", which
// apt uses while it fetches and never reads for an answer.
[[nodiscard]] Result<std::string> stamps_of(const std::vector<std::filesystem::path>& paths);

}  // namespace agent
