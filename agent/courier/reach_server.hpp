#pragma once
// Whether the order server can be reached at all, for whoever has just changed what stands between.
#include "courier/courier.hpp"

namespace agent {

// Asks `GET /health` over a new connection each time, since one that is kept may outlive the rule that forbids further
// ones, until there is any answer from the server that the certificates prove. `timed_out` at `end`, with what was in
// the way at last.
[[nodiscard]] Task<> reach_server(asio::any_io_executor executor, TimeSource& time, ServerSettings settings,
                                  CourierIdentity identity, MonoTime end);

}  // namespace agent
