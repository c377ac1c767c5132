#pragma once
#include <string>
#include <utility>

#include "host/process_runner.hpp"

namespace agent {

// Programs in transient units of systemd, each in a cgroup of its own and with no right that it does not need. Where
// no systemd runs this host, where we are not root, and where the bus cannot be reached, they run as `elsewhere` does.
// A program that left the group is found here, too.
class TransientUnitRunner final : public ProcessRunner {
public:
    // `bus_address` as in DBUS_SYSTEM_BUS_ADDRESS; empty: the system bus.
    TransientUnitRunner(TimeSource& time, ProcessRunner& elsewhere, std::string bus_address = {})
        : time_{time}, elsewhere_{elsewhere}, bus_address_{std::move(bus_address)} {}
    [[nodiscard]] Task<CommandExit> run(Command command) override;
    [[nodiscard]] Task<> settle() override;

private:
    TimeSource& time_;
    ProcessRunner& elsewhere_;
    std::string bus_address_;
};

}  // namespace agent
