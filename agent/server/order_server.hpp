#pragma once
// The listening server: accepts, limits, reloads, stops in order.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>

#include "async/task_group.hpp"
#include "config/server_settings.hpp"
#include "crypto/tls_context.hpp"
#include "server/connection.hpp"

namespace agent {

class OrderServer {
public:
    OrderServer(const asio::any_io_executor& executor, Service& service, const OrderServerSettings& settings,
                TlsContext tls);

    // Binds and listens. `system` names address and reason.
    [[nodiscard]] Result<> listen();
    // "127.0.0.1:8443", with the port that the kernel chose where 0 was asked for.
    [[nodiscard]] std::string address() const;
    [[nodiscard]] std::uint16_t port() const;

    // Until stopped.
    [[nodiscard]] Task<> accept_forever();

    // For connections made from now on.
    void use(TlsContext tls) { tls_ = std::move(tls); }

    // Accepts nothing more, answers held polls with nothing, finishes what runs, at most for `patience`; then cuts off.
    [[nodiscard]] Task<> stop(Duration patience);

    [[nodiscard]] std::size_t held_polls() const noexcept { return room_.waiters.size(); }
    [[nodiscard]] std::size_t connections() const noexcept { return connections_.running(); }

private:
    void receive(asio::ip::tcp::socket socket);

    asio::ip::tcp::acceptor acceptor_;
    asio::ip::tcp::endpoint endpoint_;
    std::string asked_for_;
    std::size_t most_connections_;
    TlsContext tls_;
    ServerRoom room_;
    TaskGroup connections_;
    bool full_{false};          // and said so
    bool accept_fails_{false};  // and said so
};

}  // namespace agent
