#pragma once
// Tells the order server that an order begins to be carried out (PROTOCOL.md section 6): progress only, best effort.
#include "courier/server_line.hpp"

namespace agent {

// One attempt, at most a second of the connection that uploads need. A failure is worth a line in the debug log and
// nothing else: the only error is `cancelled`.
[[nodiscard]] Task<> post_progress(ServerLine& line, OrderId order, const ServerSettings& settings);

}  // namespace agent
