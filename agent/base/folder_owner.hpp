#pragma once
#include <filesystem>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace agent {

// A file that root makes in the folder of another user is given to that user, or the program that runs as that user
// could not open it afterwards. Only for a file that this process has made just now (O_EXCL): whoever owns the folder
// may have put a link of another file in the place of an old one.
[[nodiscard]] Result<> give_to_owner_of_folder(const Descriptor& made, const std::filesystem::path& file);

}  // namespace agent
