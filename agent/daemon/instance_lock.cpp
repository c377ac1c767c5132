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

// Nothing where another process has it.
Result<std::optional<Descriptor>> take_file(const std::filesystem::path& path) {
    constexpr int how = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    Descriptor file{::open(path.c_str(), how | O_CREAT | O_EXCL, 0600)};
    if (file.valid()) {
        AGENT_TRY(give_to_owner_of_folder(file, path));
    } else {
        file.reset(::open(path.c_str(), how));
    }
    if (!file.valid()) return system_error(errno, "opening " + path.string());
    auto lock = whole_file();
    if (fcntl(file.get(), F_SETLK, &lock) == 0) return std::optional{std::move(file)};
    if (errno != EACCES && errno != EAGAIN) return system_error(errno, "locking " + path.string());
    return std::optional<Descriptor>{};
}

std::optional<pid_t> holder_of(const std::filesystem::path& path) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    auto lock = whole_file();
    if (!file.valid() || fcntl(file.get(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
    return lock.l_pid;
}

std::string words_for(std::optional<pid_t> holder) {
    return holder ? " (process " + std::to_string(*holder) + ")" : std::string{};
}

}  // namespace

Result<InstanceLock> InstanceLock::take(const std::filesystem::path& state_dir) {
    const auto path = lock_file(state_dir);
    AGENT_TRY(auto taken, take_file(path));
    if (taken) return InstanceLock{*std::move(taken)};
    return Error{Errc::refused,
                 "another compliance-agent" + words_for(holder_of(path)) + " already runs on " + state_dir.string()};
}

std::optional<pid_t> InstanceLock::holder(const std::filesystem::path& state_dir) {
    return holder_of(lock_file(state_dir));
}

Result<HealingLock> HealingLock::take(const std::filesystem::path& state_dir) {
    const auto path = state_dir / "healing.lock";
    AGENT_TRY(auto taken, take_file(path));
    if (taken) return HealingLock{*std::move(taken)};
    return Error{Errc::refused,
                 "another run" + words_for(holder_of(path)) + " is changing this host; one comes after the other"};
}

void ring_daemon(const std::filesystem::path& state_dir) {
    if (const auto pid = InstanceLock::holder(state_dir)) static_cast<void>(kill(*pid, SIGUSR1));
}

}  // namespace agent
