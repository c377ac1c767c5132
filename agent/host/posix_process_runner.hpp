#pragma once
#include <sys/types.h>

#include <vector>

#include "host/process_runner.hpp"

namespace agent {

class PosixProcessRunner final : public ProcessRunner {
public:
    explicit PosixProcessRunner(TimeSource& time) : time_{time} {}
    [[nodiscard]] Task<CommandExit> run(Command command) override;

private:
    void reap_stragglers();

    TimeSource& time_;
    std::vector<pid_t> stragglers_;  // killed, but still inside the kernel when we left them (a dead network disk)
};

}  // namespace agent
