#include "base/folder_owner.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace agent {

Result<> give_to_owner_of_folder(const Descriptor& made, const std::filesystem::path& file) {
    if (::geteuid() != 0) return ok();
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path{"."};
    struct stat facts {};
    if (::stat(folder.c_str(), &facts) != 0) return system_error(errno, folder.string());
    if (facts.st_uid == 0) return ok();
    if (::fchown(made.get(), facts.st_uid, facts.st_gid) != 0)
        return system_error(errno, "giving " + file.string() + " to the owner of its folder");
    return ok();
}

}  // namespace agent
