#pragma once
// Addresses as configurations write them. Every error says what form is wanted; none repeats a password.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace agent {

struct Endpoint {
    std::string host;  // a name or an address; IPv6 without brackets
    std::uint16_t port{};
};

// https://host[:port], without a path (or "/"), user or query; the port is 443 where none is given.
[[nodiscard]] Result<Endpoint> parse_server_url(std::string_view url);

// http://[user:password@]host:port. User and password may use percent-encoding.
[[nodiscard]] Result<Endpoint> parse_proxy_url(std::string_view url);

// address:port to listen on: a numeric address, IPv6 in brackets. Port 0 lets the system choose.
[[nodiscard]] Result<Endpoint> parse_listen(std::string_view text);

}  // namespace agent
