#pragma once
// The plain way to the server: name, address, TCP, and CONNECT through a proxy (RFC 9110 section 9.3.6).
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "courier/exchange_limit.hpp"
#include "courier/tls_connection.hpp"

namespace agent {

struct TcpPath {
    asio::ip::tcp::socket socket;
    std::string peer;  // "orders.example.com:8443 (192.0.2.1)", for messages
};

// Each address of the server, or of the proxy, is tried in turn with an equal share of the time that is left.
[[nodiscard]] Task<TcpPath> open_tcp_path(ExchangeLimit limit, const ServerAddress& address);

}  // namespace agent
