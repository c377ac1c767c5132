#include <fcntl.h>
#include <stdio.h>  // NOLINT(modernize-deprecated-headers): renameat
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/encoding.hpp"
#include "base/handle.hpp"
#include "host/access.hpp"
#include "host/files.hpp"
#include "host/folder_walk.hpp"

namespace agent {
namespace {

// The new content under a name of its own; gone again unless it took the target's place.
class Draft {
public:
    [[nodiscard]] static Result<Draft> create(const Place& place, const std::filesystem::path& file) {
        std::array<std::byte, 8> random{};
        if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
            return system_error(errno, "naming a temporary file");
        Draft draft{place.folder.get(), ".compliance-agent-" + hex_encode(random)};
        draft.file_.reset(
            openat(draft.folder_, draft.name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!draft.file_.valid()) {
            const int failed = errno;
            draft.name_.clear();
            return file_error(failed, "write", file.parent_path());
        }
        return draft;
    }
    Draft(Draft&& other) noexcept
        : folder_{other.folder_}, name_{std::exchange(other.name_, {})}, file_{std::move(other.file_)} {}
    Draft& operator=(Draft&&) = delete;
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft() {
        if (!name_.empty()) static_cast<void>(unlinkat(folder_, name_.c_str(), 0));
    }

    // 0, or an errno value.
    [[nodiscard]] int write(std::string_view content) {
        while (!content.empty()) {
            const auto count = ::write(file_.get(), content.data(), content.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return errno;
            content.remove_prefix(static_cast<std::size_t>(count));
        }
        return 0;
    }
    // The mode comes last: changing the owner clears the set-id bits.
    [[nodiscard]] int dress(uid_t uid, gid_t gid, mode_t mode) {
        if (fchown(file_.get(), uid, gid) != 0) return errno;
        return fchmod(file_.get(), mode) == 0 ? 0 : errno;
    }
    [[nodiscard]] int take_place_of(const std::string& name) {
        if (fsync(file_.get()) != 0 || renameat(folder_, name_.c_str(), folder_, name.c_str()) != 0) return errno;
        name_.clear();
        return fsync(folder_) == 0 ? 0 : errno;
    }

private:
    Draft(int folder, std::string name) : folder_{folder}, name_{std::move(name)} {}
    int folder_;
    std::string name_;
    Descriptor file_;
};

// Of the file that is replaced; nothing where there is none.
Result<std::optional<struct stat>> status_at(const Place& place, const std::filesystem::path& file) {
    struct stat status {};
    if (fstatat(place.folder.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
        return std::optional{status};
    if (errno == ENOENT) return std::optional<struct stat>{};
    return file_error(errno, "search", file);
}

std::string ownership(uid_t uid, gid_t gid) {
    constexpr auto unchanged = static_cast<uid_t>(-1);
    std::string text = "ownership";
    if (uid != unchanged) text += " by user " + std::to_string(uid);
    if (gid != unchanged) text += " by group " + std::to_string(gid);
    return text;
}

}  // namespace

Result<> replace_file(const std::filesystem::path& file, std::string_view content, const FileAttributes& attributes) {
    AGENT_TRY(const auto place, open_place(file));
    AGENT_TRY(const auto old, status_at(place, file));
    if (old && !S_ISREG(old->st_mode))
        return Error{Errc::refused, file.native() + (S_ISLNK(old->st_mode) ? " is a link" : " is no regular file") +
                                        "; it is left as it is"};
    AGENT_TRY(auto draft, Draft::create(place, file));
    if (const int failed = draft.write(content); failed != 0) return file_error(failed, "write", file);
    constexpr auto unchanged = static_cast<uid_t>(-1);
    const auto uid = attributes.uid.value_or(old ? old->st_uid : unchanged);
    const auto gid = attributes.gid.value_or(old ? old->st_gid : unchanged);
    if (const int failed = draft.dress(uid, gid, attributes.mode & 07777U); failed != 0) {
        if (failed == EPERM)
            return Error{Errc::system,
                         "needs the right to give " + file.native() + " " + ownership(uid, gid) + " (run as root)"};
        return file_error(failed, "write", file);
    }
    if (const int failed = draft.take_place_of(place.name); failed != 0) return file_error(failed, "write", file);
    return ok();
}

Result<> remove_file(const std::filesystem::path& file) {
    auto place = open_place(file);
    if (place.has_error()) {
        if (place.error().code() == Errc::not_found) return ok();
        return std::move(place).error();
    }
    const int folder = place.value().folder.get();
    if (unlinkat(folder, place.value().name.c_str(), 0) != 0) {
        if (errno == ENOENT) return ok();
        if (errno == EISDIR) return Error{Errc::refused, file.native() + " is a folder; it is left as it is"};
        return file_error(errno, "write", file.parent_path());
    }
    if (fsync(folder) != 0) return file_error(errno, "write", file.parent_path());
    return ok();
}

Result<> make_directory(const std::filesystem::path& directory, mode_t mode) {
    AGENT_TRY(open_folder(directory, mode & 07777U));
    return ok();
}

}  // namespace agent
