#pragma once
#include "host/process_runner.hpp"

namespace agent {

class PosixProcessRunner final : public ProcessRunner {
public:
    explicit PosixProcessRunner(TimeSource& time) : time_{time} {}
    [[nodiscard]] Task<CommandExit> run(Command command) override;

private:
    TimeSource& time_;
};

}  // namespace agent
