#pragma once
// Units of the service manager, over the system bus.
#include <cstdint>
#include <string>

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
    [[nodiscard]] bool is_active() const noexcept { return active_state == "active"; }
};

class UnitManager : public Port {
public:
    // `unreachable` where no service manager runs, with the reason.
    [[nodiscard]] virtual Task<UnitState> state(std::string unit) = 0;
    // Queues the job and waits for it, at most `limit`. A job can be done and the unit still be down: look again.
    [[nodiscard]] virtual Task<> restart(std::string unit, Duration limit) = 0;
};

}  // namespace agent
