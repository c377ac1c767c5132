#pragma once
// The files that hold what opens a repository: who else may read them, and what they set.
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "drift/backup/backup_tool.hpp"
#include "host/files.hpp"

namespace agent {

struct SecretFile {
    std::string condition;  // the key that names it
    std::filesystem::path path;
    Result<FileFacts> facts;
};

// Links are followed, as secrets are often handed out that way.
[[nodiscard]] SecretFile look_at_secret(std::string condition, const std::filesystem::path& path);

// Whether anybody but its owner may read or change it.
[[nodiscard]] bool is_open_to_others(const FileFacts& facts) noexcept;
// Whether anybody but root and `us` may change it: then it is somebody else's word.
[[nodiscard]] bool is_changed_by_others(const FileFacts& facts, uid_t us) noexcept;

// NAME=value lines, with empty lines and lines beginning with # left out; a value may be in single or double quotes,
// nothing in it is expanded. `malformed` names the line. Refused: what the check itself sets, and what would make the
// tool load other code (LD_…, PATH, PYTHON…).
[[nodiscard]] Result<std::vector<std::string>> parse_environment(const BackupTool& tool, std::string_view text);
// The same of a file; one that others may change is `refused`.
[[nodiscard]] Result<std::vector<std::string>> read_environment(const BackupTool& tool, const SecretFile& file);

}  // namespace agent
