#pragma once
// One connection to the order server: TCP, through a proxy where there is one, TLS, and one exchange after another.
#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "courier/exchange_limit.hpp"
#include "courier/https_client.hpp"
#include "courier/proxy.hpp"
#include "courier/tls_identity.hpp"

namespace agent {

struct ServerAddress {
    std::string host;  // checked against the server's certificate
    std::uint16_t port{};
    std::optional<Proxy> proxy;
    std::string user_agent;  // for the proxy
};

class TlsConnection {
public:
    // Looks up, connects, passes the proxy and shakes hands. `end` comes from TlsIdentity::new_connection.
    [[nodiscard]] static Task<std::unique_ptr<TlsConnection>> open(ExchangeLimit limit, ServerAddress address,
                                                                   TlsHandle end);
    TlsConnection(TlsConnection&&) = delete;
    TlsConnection& operator=(TlsConnection&&) = delete;
    TlsConnection(const TlsConnection&) = delete;
    TlsConnection& operator=(const TlsConnection&) = delete;
    ~TlsConnection();

    // Sends `request` and reads the answer; its body has at most `body_limit` bytes, its header at most 16 KiB.
    [[nodiscard]] Task<HttpAnswer> exchange(ExchangeLimit limit, std::string request, std::size_t body_limit);
    // True while another exchange may follow.
    [[nodiscard]] bool usable() const noexcept;
    // True if anything of the answer to the last request arrived.
    [[nodiscard]] bool answer_began() const noexcept;
    // Sends close_notify and waits for the server's, at most 2 s.
    [[nodiscard]] asio::awaitable<void> close(TimeSource& time);

private:
    class Stream;
    explicit TlsConnection(std::unique_ptr<Stream> stream);
    std::unique_ptr<Stream> stream_;
};

}  // namespace agent
