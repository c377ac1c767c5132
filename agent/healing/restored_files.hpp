#pragma once
// A sample of the files of a backup, and whether what was restored of it is what was backed up.
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "healing/backup_work.hpp"

namespace agent {

// At random, each at most once: at most `count` files of at most `bytes` together.
[[nodiscard]] std::vector<BackedUpFile> choose_sample(std::vector<BackedUpFile> files, std::size_t count,
                                                      std::uint64_t bytes);
[[nodiscard]] std::uint64_t bytes_of(const std::vector<BackedUpFile>& files) noexcept;

struct RestoredFiles {
    std::int64_t compared_with_backup{};  // by the backup's own checksum
    std::int64_t compared_with_live{};    // with the file of this host, as it has not changed since
    std::vector<std::string> wrong;       // a sentence for each file that is not as it was
};

// The files below `into`, under their whole paths. `digests` are those that the backup tool told, if it tells any.
[[nodiscard]] RestoredFiles compare_restored(const std::vector<BackedUpFile>& files,
                                             const std::vector<BackedUpFile>& digests,
                                             const std::filesystem::path& into);

// A folder that only its owner may enter; gone with all that is in it, at the latest when this is.
class ScratchFolder {
public:
    [[nodiscard]] static Result<ScratchFolder> make(std::filesystem::path path);
    ScratchFolder(ScratchFolder&& other) noexcept;
    ScratchFolder& operator=(ScratchFolder&&) = delete;
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder();

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    [[nodiscard]] Result<> remove();

private:
    explicit ScratchFolder(std::filesystem::path path) : path_{std::move(path)} {}
    std::filesystem::path path_;  // empty: removed, or somebody else's
};

// With all that is in it, no link followed. One that is not there is no error.
[[nodiscard]] Result<> remove_folder(const std::filesystem::path& folder);

}  // namespace agent
