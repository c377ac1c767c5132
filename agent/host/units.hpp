#pragma once
// Units of the service manager, over the system bus.
#include <cstdint>
#include <string>
#include <vector>

#include "async/time_source.hpp"
#include "base/port.hpp"

namespace agent {

struct UnitState {
    std::string load_state;    // loaded, not-found, masked, …
    std::string active_state;  // active, failed, inactive, …
    std::string sub_state;
    std::string result;  // of services: success, exit-code, …; else empty
    bool condition_result{true};
    std::string unit_file_state;  // enabled, disabled, static, masked, …; empty where there is no unit file
    std::string invocation_id;    // 32 hexadecimal digits, another one with every start; empty: never started
    // Of services: how often the service manager restarted it by itself since somebody last started it.
    std::uint32_t restarts{};
    std::string unit_file;                // that it was read from; empty where there is none
    std::vector<std::string> conflicts;   // units that go down when it starts
    std::vector<std::string> dependents;  // units that go down with it
    [[nodiscard]] bool is_active() const noexcept { return active_state == "active"; }
};

enum class UnitJob { start, stop, restart };

class UnitManager : public Port {
public:
    // `unreachable` where no service manager runs, with the reason.
    [[nodiscard]] virtual Task<UnitState> state(std::string unit) = 0;
    // Queues the job and waits for it, at most `limit`. A job can be done and the unit still be down: look again.
    [[nodiscard]] virtual Task<> run_job(std::string unit, UnitJob job, Duration limit) = 0;
    // Whether it starts at boot: links to its unit file are made or removed, and all unit files are read again.
    [[nodiscard]] virtual Task<> enable(std::string unit) = 0;
    [[nodiscard]] virtual Task<> disable(std::string unit) = 0;
};

}  // namespace agent
