#include "host/access.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace agent {
namespace {

// The outermost folder that we may not pass through, or nothing.
std::filesystem::path barred_folder(const std::filesystem::path& file) {
    std::filesystem::path folder;
    for (const auto& part : file.parent_path()) {
        folder /= part;
        if (faccessat(AT_FDCWD, folder.c_str(), X_OK, AT_EACCESS) != 0 && errno == EACCES) return folder;
    }
    return {};
}

}  // namespace

Error file_error(int errno_value, std::string_view right, const std::filesystem::path& file) {
    const auto& name = file.native();
    if (errno_value == ENOENT || errno_value == ENOTDIR) return Error{Errc::not_found, "no such file: " + name};
    if (errno_value == ENOSPC || errno_value == EDQUOT) return Error{Errc::disk_full, "no room left to write " + name};
    if (errno_value != EACCES && errno_value != EPERM) return system_error(errno_value, name);
    const auto barred = barred_folder(file);
    std::string text = "needs " + std::string{barred.empty() ? right : "search"} + " permission on " +
                       (barred.empty() ? name : barred.native());
    text += geteuid() == 0 ? " (root here lacks the capability)" : " (run as root)";
    return Error{Errc::system, std::move(text)};
}

}  // namespace agent
