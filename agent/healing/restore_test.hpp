#pragma once
// One restore test: some files of the last backup, restored into a folder of their own, compared and removed.
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "healing/backup_place.hpp"
#include "healing/backup_work.hpp"
#include "healing/restored_files.hpp"

namespace agent {

struct RestoreRule {
    std::vector<std::filesystem::path> paths;  // empty: a sample at random
    std::size_t sample{20};
    std::uint64_t mebibytes{64};  // of all that is restored
    std::filesystem::path scratch{"/var/tmp"};
    Duration timeout{std::chrono::hours{1}};  // of each thing that the tool is told to do
};

struct RestoreResult {
    BackupPoint backup;
    std::vector<BackedUpFile> files;
    bool list_complete{true};  // else it was too long to be read to its end
    RestoredFiles restored;
    ActionTaken taken;
    std::string failure;  // empty where the backup is good
};

// Through the folder `scratch`, which is made for it. That no test could take place is an error: it says nothing about
// the backup.
[[nodiscard]] Task<RestoreResult> test_restore(const ActionTools& tools, const BackupPlace& place,
                                               const RestoreRule& rule, const std::filesystem::path& scratch);

}  // namespace agent
