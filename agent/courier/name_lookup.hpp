#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "async/time_source.hpp"

namespace agent {

// The addresses of a host, in the system's order; a numeric one as it is. getaddrinfo cannot be cut short, so a stopped
// or timed-out lookup is left behind to end by itself, and nobody waits for it.
[[nodiscard]] Task<std::vector<asio::ip::tcp::endpoint>> look_up(std::string host, std::uint16_t port);

}  // namespace agent
