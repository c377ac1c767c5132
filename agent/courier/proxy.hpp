#pragma once
// Which HTTP proxy stands between us and the order server: the configuration's, else the environment's.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/agent_settings.hpp"

namespace agent {

struct Proxy {
    std::string host;
    std::uint16_t port{80};
    std::string basic_credentials;  // base64 of "user:password", empty without; never in a log
    // "host:port", for messages.
    [[nodiscard]] std::string name() const;
};

// https_proxy and no_proxy, in either case of letters, lower case first.
struct ProxyEnvironment {
    std::string https_proxy;
    std::string no_proxy;
};
[[nodiscard]] ProxyEnvironment read_proxy_environment();

// "http://[user[:password]@]host[:port]", user and password percent-encoded; the scheme may be missing.
// `malformed` says what is wrong and never repeats the credentials.
[[nodiscard]] Result<Proxy> parse_proxy(std::string_view url);

// True if one of `rules` covers the host: the name itself, a suffix of it at a dot, "*", an address or a network
// (CIDR); each but a network may end in ":port" and then covers that port only.
[[nodiscard]] bool bypasses_proxy(const std::vector<std::string>& rules, std::string_view host, std::uint16_t port);

// Nothing where the server is reached directly. server.proxy wins over the environment (an empty one means no proxy)
// and comes with server.no_proxy alone; the environment's comes with both lists.
[[nodiscard]] Result<std::optional<Proxy>> choose_proxy(const ServerSettings& settings,
                                                        const ProxyEnvironment& environment);

}  // namespace agent
