#pragma once
// The signatures of ClamAV as they lie on the disk.
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace agent {

struct SignatureFile {
    std::string name;
    WallTime changed;
};

// By the endings that clamd loads; freshclam keeps other files beside them.
[[nodiscard]] bool is_signature_file(std::string_view name);

// `not_found` where there is none; `system` names the right that is missing.
[[nodiscard]] Result<SignatureFile> newest_signature_file(const std::filesystem::path& database);

}  // namespace agent
