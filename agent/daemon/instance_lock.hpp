#pragma once
// One daemon to a state directory, and one run at a time that may change the host. POSIX record locks: they die with
// their holder, and tell who holds them.
#include <sys/types.h>

#include <filesystem>
#include <optional>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace agent {

class InstanceLock {
public:
    // `refused`, naming the other process, if it is taken. Makes `state_dir`/lock.
    [[nodiscard]] static Result<InstanceLock> take(const std::filesystem::path& state_dir);
    // The process that holds it now, if any.
    [[nodiscard]] static std::optional<pid_t> holder(const std::filesystem::path& state_dir);

private:
    explicit InstanceLock(Descriptor file) : file_{std::move(file)} {}
    Descriptor file_;
};

// The right to carry out a run that may change the host. Whoever has it knows that a run which is open in the journal
// was cut short.
class HealingLock {
public:
    // `refused`, naming the other process, if it is taken. Makes `state_dir`/healing.lock.
    [[nodiscard]] static Result<HealingLock> take(const std::filesystem::path& state_dir);

private:
    explicit HealingLock(Descriptor file) : file_{std::move(file)} {}
    Descriptor file_;
};

// Rings a running daemon, so that it looks at hold, queue and held orders again. Nothing happens if there is none.
void ring_daemon(const std::filesystem::path& state_dir);

}  // namespace agent
