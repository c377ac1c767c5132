#include "drift/patching/file_stamps.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "crypto/digest.hpp"
#include "host/access.hpp"

namespace agent {
namespace {

constexpr std::size_t entries_most = 20'000;
constexpr int depth_most = 8;  // also of links that lead in a circle
constexpr std::array<std::string_view, 3> transient{"lock", "partial", "auxfiles"};

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

Result<std::vector<std::filesystem::path>> entries_of(const std::filesystem::path& folder) {
    std::error_code failed;
    std::filesystem::directory_iterator entries{folder, failed};
    std::vector<std::filesystem::path> paths;
    for (; !failed && entries != std::filesystem::directory_iterator{}; entries.increment(failed)) {
        const auto name = entries->path().filename();
        if (std::find(transient.begin(), transient.end(), name.native()) == transient.end())
            paths.push_back(entries->path());
    }
    if (failed) return file_error(failed.value(), "read", folder);
    std::sort(paths.begin(), paths.end());
    return paths;
}

class Stamps {
public:
    Result<> add(const std::filesystem::path& path, int depth) {
        if (++entries_ > entries_most || depth > depth_most)
            return Error{Errc::malformed, "too much lies in " + path.parent_path().native() + " to tell changes by"};
        struct stat status {};
        text_ += path.native();
        if (::stat(path.c_str(), &status) != 0) {
            if (errno != ENOENT && errno != ENOTDIR) return file_error(errno, "search", path);
            text_ += '\0';
            return ok();
        }
        if (S_ISDIR(status.st_mode)) {
            AGENT_TRY(const auto entries, entries_of(path));
            text_ += '/';
            for (const auto& entry : entries) {
                AGENT_TRY(add(entry, depth + 1));
            }
            return ok();
        }
        for (const auto part :
             {static_cast<std::int64_t>(status.st_dev), static_cast<std::int64_t>(status.st_ino),
              static_cast<std::int64_t>(status.st_size), nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)})
            text_ += ' ' + std::to_string(part);
        text_ += '\0';
        return ok();
    }
    [[nodiscard]] std::string digest() const { return sha256_hex(text_); }

private:
    std::string text_;
    std::size_t entries_{};
};

}  // namespace

Result<std::string> stamps_of(const std::vector<std::filesystem::path>& paths) {
    Stamps stamps;
    for (const auto& path : paths) {
        AGENT_TRY(stamps.add(path, 0));
    }
    return stamps.digest();
}

}  // namespace agent
