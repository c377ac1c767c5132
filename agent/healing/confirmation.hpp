#pragma once
// Confirm or revert: who makes sure that a change which cuts the host off does not last.
#include "async/time_source.hpp"
#include "base/port.hpp"

namespace agent {

class Confirmation : public Port {
public:
    // Starts a timer that needs neither this process nor the network: it puts the run back `within` from now, unless
    // the run is closed or confirmed by then. The run must be in the journal.
    [[nodiscard]] virtual Task<> arm(Duration within) = 0;
    // Waits until the order server answers over a connection made after this call. `timed_out` at `end`, with what
    // kept it from being reached.
    [[nodiscard]] virtual Task<> reach_server(MonoTime end) = 0;
    // The timer is needed no more. Where it cannot be stopped, it finds the run closed.
    [[nodiscard]] virtual Task<> disarm() = 0;
};

}  // namespace agent
