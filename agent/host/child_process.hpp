#pragma once
// A program that was started: its process group, the ends of its pipes, and the promise that it does not stay behind.
#include <sys/types.h>

#include "base/handle.hpp"
#include "base/result.hpp"
#include "host/process_runner.hpp"

namespace agent {

class ChildProcess {
public:
    // Starts `command` in a process group of its own, in the folder "/", with nothing of ours but its input and two
    // pipes: no descriptor, no environment, no blocked or handled signal. Errors as ProcessRunner::run.
    [[nodiscard]] static Result<ChildProcess> start(const Command& command);

    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&&) = delete;
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess();  // kills the group if that was not done yet

    Descriptor exited;  // a pidfd: readable once the program is gone
    Descriptor standard_output;
    Descriptor standard_error;

    // SIGKILL to the group. The number cannot have been taken by others: it is ours until the program is reaped.
    void kill_group() noexcept;
    // True once the program is gone; then `status` is its exit status, or 128 + the signal that ended it.
    [[nodiscard]] bool reap(int& status) noexcept;
    // Stops owning the process, which was killed but is not gone yet (it hangs inside the kernel).
    [[nodiscard]] pid_t abandon() noexcept;

private:
    explicit ChildProcess(pid_t pid) : pid_{pid} {}
    pid_t pid_;  // also its group; 0 once reaped
};

}  // namespace agent
