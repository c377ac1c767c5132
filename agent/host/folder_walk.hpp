#pragma once
// Opens folders step by step, so that no link on the way can lead elsewhere.
#include <sys/types.h>
#include <filesystem>
#include <optional>
#include <string>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace agent {

// The folder that holds `file`, opened, and the last component of the path. The rule on links is in files.hpp.
struct Place {
    Descriptor folder;
    std::string name;
};
[[nodiscard]] Result<Place> open_place(const std::filesystem::path& file);

// `directory` itself, opened. With `make`, folders that are missing are made with that mode and synced.
[[nodiscard]] Result<Descriptor> open_folder(const std::filesystem::path& directory, std::optional<mode_t> make);

}  // namespace agent
