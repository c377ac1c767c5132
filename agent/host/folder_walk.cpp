#include "host/folder_walk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <deque>

#include "host/access.hpp"

namespace agent {
namespace {

constexpr int links_most = 40;  // as the kernel has it
constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

std::deque<std::string> parts_of(const std::filesystem::path& path) {
    std::deque<std::string> parts;
    for (const auto& part : path.relative_path())
        if (!part.empty() && part != ".") parts.push_back(part.native());
    return parts;
}

// Only root may have made this link, and only root may change it.
bool belongs_to_system(const Descriptor& folder, const struct stat& link) {
    struct stat holder {};
    return fstat(folder.get(), &holder) == 0 && link.st_uid == 0 && holder.st_uid == 0 &&
           (holder.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

class Walk {
public:
    Walk(const std::filesystem::path& whole, std::optional<mode_t> make) : whole_{whole}, make_{make} {}

    Result<Descriptor> through(std::deque<std::string> parts) {
        AGENT_TRY(restart());
        while (!parts.empty()) {
            const auto part = std::move(parts.front());
            parts.pop_front();
            struct stat status {};
            if (fstatat(at_.get(), part.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
                if (errno != ENOENT || !make_) return file_error(errno, "search", seen_ / part);
                AGENT_TRY(make_folder(part));
            } else if (S_ISLNK(status.st_mode)) {
                AGENT_TRY(follow(part, status, parts));
                continue;
            }
            AGENT_TRY(enter(part));
        }
        return std::move(at_);
    }

private:
    Result<> restart() {
        seen_ = "/";
        at_.reset(::open("/", folder_flags));
        if (!at_.valid()) return file_error(errno, "read", seen_);
        return ok();
    }
    Result<> enter(const std::string& part) {
        Descriptor next{openat(at_.get(), part.c_str(), folder_flags)};
        if (!next.valid()) {
            if (errno == ENOTDIR) return Error{Errc::refused, (seen_ / part).native() + " is no folder"};
            // To pass through a folder without reading it, its search permission is enough.
            next.reset(openat(at_.get(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (!next.valid()) return file_error(errno, "search", seen_ / part);
        }
        at_ = std::move(next);
        seen_ /= part;
        return ok();
    }
    Result<> make_folder(const std::string& part) {
        if (mkdirat(at_.get(), part.c_str(), *make_) != 0 && errno != EEXIST) return file_error(errno, "write", seen_);
        if (fchmodat(at_.get(), part.c_str(), *make_, 0) != 0) return file_error(errno, "write", seen_ / part);
        if (fsync(at_.get()) != 0) return file_error(errno, "write", seen_);
        return ok();
    }
    Result<> follow(const std::string& part, const struct stat& status, std::deque<std::string>& parts) {
        if (!belongs_to_system(at_, status))
            return Error{Errc::refused, whole_.native() + ": " + (seen_ / part).native() +
                                            " is a link that others than root may change; name the real path"};
        if (++followed_ > links_most) return system_error(ELOOP, whole_.native());
        std::array<char, PATH_MAX> text{};
        const auto length = readlinkat(at_.get(), part.c_str(), text.data(), text.size());
        if (length < 0) return file_error(errno, "search", seen_ / part);
        const std::filesystem::path target{std::string{text.data(), static_cast<std::size_t>(length)}};
        const auto before = parts_of(target);
        parts.insert(parts.begin(), before.begin(), before.end());
        if (target.is_absolute()) return restart();
        return ok();
    }

    const std::filesystem::path& whole_;
    std::optional<mode_t> make_;
    Descriptor at_;
    std::filesystem::path seen_;
    int followed_{};
};

Result<std::filesystem::path> whole_path(const std::filesystem::path& path) {
    std::error_code failed;
    auto whole = std::filesystem::absolute(path, failed);
    if (failed || path.empty()) return Error{Errc::malformed, "not a path: '" + path.native() + "'"};
    return whole;
}

}  // namespace

Result<Place> open_place(const std::filesystem::path& file) {
    AGENT_TRY(const auto whole, whole_path(file));
    auto parts = parts_of(whole);
    if (parts.empty() || parts.back() == ".." || !whole.has_filename())
        return Error{Errc::malformed, file.native() + " names no file"};
    Place place;
    place.name = std::move(parts.back());
    parts.pop_back();
    AGENT_TRY(place.folder, Walk(whole, std::nullopt).through(std::move(parts)));
    return place;
}

Result<Descriptor> open_folder(const std::filesystem::path& directory, std::optional<mode_t> make) {
    AGENT_TRY(const auto whole, whole_path(directory));
    return Walk(whole, make).through(parts_of(whole));
}

}  // namespace agent
