#pragma once
// What several checks of one round look at is read once.
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>

#include "base/result.hpp"

namespace agent {

class RoundFacts {
public:
    // The text of a file as it was when this round first asked for it. `most` bytes; errors as read_file. The reference
    // holds as long as this object.
    [[nodiscard]] const Result<std::string>& file(const std::filesystem::path& path, std::size_t most);

private:
    std::map<std::filesystem::path, Result<std::string>> files_;
};

}  // namespace agent
