#include "daemon/instance_lock.hpp"

#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill

#include <cerrno>
#include <string>

#include "base/folder_owner.hpp"

namespace agent {
namespace {

std::filesystem::path lock_file(const std::filesystem::path& state_dir) { return state_dir / "lock"; }

struct flock whole_file() {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

}  // namespace

Result<InstanceLock> InstanceLock::take(const std::filesystem::path& state_dir) {
    const auto path = lock_file(state_dir);
    constexpr int how = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    Descriptor file{::open(path.c_str(), how | O_CREAT | O_EXCL, 0600)};
    if (file.valid()) {
        AGENT_TRY(give_to_owner_of_folder(file, path));
    } else {
        file.reset(::open(path.c_str(), how));
    }
    if (!file.valid()) return system_error(errno, "opening " + path.string());
    auto lock = whole_file();
    if (fcntl(file.get(), F_SETLK, &lock) == 0) return InstanceLock{std::move(file)};
    if (errno != EACCES && errno != EAGAIN) return system_error(errno, "locking " + path.string());
    const auto other = holder(state_dir);
    return Error{Errc::refused, "another compliance-agent" +
                                    (other ? " (process " + std::to_string(*other) + ")" : "") + " already runs on " +
                                    state_dir.string()};
}

std::optional<pid_t> InstanceLock::holder(const std::filesystem::path& state_dir) {
    const Descriptor file{::open(lock_file(state_dir).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    auto lock = whole_file();
    if (!file.valid() || fcntl(file.get(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
    return lock.l_pid;
}

void ring_daemon(const std::filesystem::path& state_dir) {
    if (const auto pid = InstanceLock::holder(state_dir)) static_cast<void>(kill(*pid, SIGUSR1));
}

}  // namespace agent
