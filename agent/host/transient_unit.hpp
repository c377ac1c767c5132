#pragma once
// One program in a transient service of systemd: a cgroup of its own, of which nothing is left at its end, and no
// right that it does not need.
#include <optional>
#include <string>

#include "base/handle.hpp"
#include "host/process_runner.hpp"
#include "host/service_manager.hpp"

namespace agent {

// What the program gets of ours.
struct ProgramEnds {
    Descriptor input;        // not valid: /dev/null
    Descriptor environment;  // a file as of EnvironmentFile= in systemd.exec(5); not valid: none
    Descriptor output;
    Descriptor error;
};

// `command.environment` as such a file. It is handed on as a file, since everybody may read the settings of a unit.
[[nodiscard]] std::string environment_file_of(const Command& command);

class TransientUnit {
public:
    TransientUnit(SystemBus bus, std::string name) : bus_{std::move(bus)}, name_{std::move(name)} {}
    TransientUnit(TransientUnit&&) = delete;  // what listens knows where `bus_` is
    TransientUnit& operator=(TransientUnit&&) = delete;
    TransientUnit(const TransientUnit&) = delete;
    TransientUnit& operator=(const TransientUnit&) = delete;
    ~TransientUnit() = default;

    // Before start(); `unreachable` where no service manager answers, and nothing was started then.
    [[nodiscard]] Task<> listen();
    // Keeps nothing of `ends` but copies that are closed when it returns. systemd itself ends the unit a while after
    // the command's deadline.
    [[nodiscard]] Task<> start(const Command& command, const ProgramEnds& ends);
    // Waits until the program and all it started are gone, however long, also across a restart of the bus or a new
    // execution of the service manager. Gives its exit status, 128 + the signal where one ended it.
    [[nodiscard]] Task<int> end(TimeSource& time, const std::string& bus_address);
    // Ends all of it at once, and waits for that.
    [[nodiscard]] Task<> kill();
    // Waits until another's unit is gone, which its own time limit bounds.
    [[nodiscard]] Task<> outlast(TimeSource& time);

private:
    [[nodiscard]] Task<int> end_as_told(const std::string& job_result);
    [[nodiscard]] Task<> forget_failure();
    [[nodiscard]] Task<> listen_anew(TimeSource& time, const std::string& bus_address);
    // "failed", "activating", …; "inactive" where the unit is gone, and so has succeeded.
    [[nodiscard]] Task<std::string> active_state();
    [[nodiscard]] Task<BusMessage> property(const char* interface, const char* name);
    [[nodiscard]] Task<std::string> text_property(const char* interface, const char* name);
    [[nodiscard]] Task<int> number_property(const char* name);  // of the service

    SystemBus bus_;
    std::string name_;
    std::optional<JobWatch> jobs_;
    std::string job_;
};

}  // namespace agent
