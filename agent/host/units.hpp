#pragma once
// Units of the service manager, over the system bus.
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
