#pragma once
// Requests as the bytes that go out (RFC 9112).
#include <cstdint>
#include <string>
#include <string_view>

#include "courier/https_client.hpp"
#include "courier/proxy.hpp"

namespace agent {

// "host:port" as in Host and CONNECT; an IPv6 address in brackets.
[[nodiscard]] std::string authority_of(std::string_view host, std::uint16_t port);

[[nodiscard]] std::string write_request(const HttpRequest& request, std::string_view authority,
                                        std::string_view user_agent);

// CONNECT (RFC 9110 section 9.3.6) with Basic authentication where the proxy has credentials.
[[nodiscard]] std::string write_connect(std::string_view authority, const Proxy& proxy, std::string_view user_agent);

}  // namespace agent
