#include "healing/restored_files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "crypto/random.hpp"
#include "host/files.hpp"

namespace agent {
namespace {

constexpr mode_t scratch_mode = 0700;

const BackedUpFile* find_file(const std::vector<BackedUpFile>& files, const std::filesystem::path& path) {
    for (const auto& file : files)
        if (file.path == path) return &file;
    return nullptr;
}

// Of size and time as in the backup; a file of the host that was written to since says nothing about the backup.
bool is_unchanged(const BackedUpFile& file) {
    struct stat now {};
    if (::lstat(file.path.c_str(), &now) != 0 || !S_ISREG(now.st_mode)) return false;
    const auto modified = std::chrono::seconds{now.st_mtim.tv_sec} + std::chrono::nanoseconds{now.st_mtim.tv_nsec};
    return static_cast<std::uint64_t>(now.st_size) == file.size &&
           std::chrono::floor<Duration>(modified) == file.modified.time_since_epoch();
}

// What is wrong with one file; empty where nothing is.
std::string compare(const BackedUpFile& file, const BackedUpFile* digest, const std::filesystem::path& into,
                    RestoredFiles& all) {
    if (file.is_damaged) return "parts of it are missing in the backup";
    const auto restored = inspect_file(into / file.path.relative_path());
    if (restored.has_error()) return restored.error().message();
    if (!restored.value() || restored.value()->kind != FileKind::regular) return "it was not restored";
    const auto& facts = *restored.value();
    if (facts.size != file.size)
        return "restored with " + std::to_string(facts.size) + " bytes instead of " + std::to_string(file.size);
    if (digest != nullptr) {
        if (digest->sha256 != facts.sha256) return "restored with another checksum than the backup tells";
        ++all.compared_with_backup;
    }
    if (!is_unchanged(file)) return {};
    const auto live = inspect_file(file.path);
    // It may have been written to while it was read.
    if (live.has_error() || !live.value() || !is_unchanged(file)) return {};
    if (live.value()->sha256 != facts.sha256)
        return "restored with another content than the file of this host, which has the same size and time";
    ++all.compared_with_live;
    return {};
}

}  // namespace

std::vector<BackedUpFile> choose_sample(std::vector<BackedUpFile> files, std::size_t count, std::uint64_t bytes) {
    std::vector<BackedUpFile> sample;
    while (!files.empty() && sample.size() < count) {
        const auto at =
            std::min(static_cast<std::size_t>(random_fraction() * static_cast<double>(files.size())), files.size() - 1);
        std::swap(files[at], files.back());
        if (files.back().size <= bytes) {
            bytes -= files.back().size;
            sample.push_back(std::move(files.back()));
        }
        files.pop_back();
    }
    return sample;
}

std::uint64_t bytes_of(const std::vector<BackedUpFile>& files) noexcept {
    std::uint64_t bytes = 0;
    for (const auto& file : files) bytes += file.size;
    return bytes;
}

RestoredFiles compare_restored(const std::vector<BackedUpFile>& files, const std::vector<BackedUpFile>& digests,
                               const std::filesystem::path& into) {
    RestoredFiles all;
    for (const auto& file : files) {
        const auto* digest = find_file(digests, file.path);
        auto wrong = digest == nullptr && !digests.empty() ? std::string{"the backup tells no checksum of it"}
                                                           : compare(file, digest, into, all);
        if (!wrong.empty()) all.wrong.push_back(file.path.native() + ": " + wrong);
    }
    return all;
}

Result<ScratchFolder> ScratchFolder::make(std::filesystem::path path) {
    if (::mkdir(path.c_str(), scratch_mode) != 0)
        return system_error(errno, "making the scratch folder " + path.native());
    return ScratchFolder{std::move(path)};
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept : path_{std::move(other.path_)} { other.path_.clear(); }

ScratchFolder::~ScratchFolder() { static_cast<void>(remove()); }

Result<> ScratchFolder::remove() {
    if (path_.empty()) return ok();
    AGENT_TRY(remove_folder(path_));
    path_.clear();
    return ok();
}

Result<> remove_folder(const std::filesystem::path& folder) {
    std::error_code failed;
    std::filesystem::remove_all(folder, failed);
    if (failed)
        return Error{Errc::system, folder.native() + " cannot be removed (" + failed.message() +
                                       "); what was restored is in it: remove it"};
    return ok();
}

}  // namespace agent
