#include "drift/round_facts.hpp"

#include "host/files.hpp"

namespace agent {

const Result<std::string>& RoundFacts::file(const std::filesystem::path& path, std::size_t most) {
    const auto known = files_.find(path);
    if (known != files_.end()) return known->second;
    return files_.emplace(path, read_file(path, most)).first->second;
}

}  // namespace agent
