#pragma once
// Finds the bundles of an export by walking its folders; follows no links.
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "evidence/verify.hpp"

namespace agent {

// A folder that holds at least one file of a bundle, or is named as one.
struct BundleFolder {
    std::filesystem::path path;
    bool bundle{};
    bool signature{};
    bool receipt{};
};

struct ExportFolders {
    std::vector<BundleFolder> folders;  // by path
    std::vector<EvidenceFault> faults;  // what cannot be read, or does not belong there
    std::vector<std::string> remarks;   // files at the top, which are not the export's business
};

// An error only where `directory` itself cannot be read.
[[nodiscard]] Result<ExportFolders> find_bundle_folders(const std::filesystem::path& directory);

}  // namespace agent
