#pragma once
// The settings of a transient service for a command: systemd.exec(5), systemd.service(5), systemd.kill(5).
#include "host/transient_unit.hpp"

namespace agent {

// Appends an array of (name, value) to `message`. A negative errno value where that fails.
[[nodiscard]] int append_settings(sd_bus_message* message, const Command& command, const ProgramEnds& ends);

}  // namespace agent
