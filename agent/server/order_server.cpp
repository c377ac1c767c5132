#include "server/order_server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sstream>
#include <utility>

#include "async/deadline.hpp"
#include "base/log.hpp"

namespace agent {
namespace {

using boost::system::error_code;
using tcp = asio::ip::tcp;

Task<> joined(TaskGroup& group) {
    co_await group.join();
    co_return ok();
}

// Which of the calls of listen() failed, and why.
Error listen_error(const std::string& address, const error_code& error) {
    return Error{Errc::system, "cannot listen on " + address + ": " + error.message()};
}

}  // namespace

OrderServer::OrderServer(const asio::any_io_executor& executor, Service& service, const OrderServerSettings& settings,
                         TlsContext tls)
    : acceptor_{executor},
      asked_for_{settings.listen_address + ":" + std::to_string(settings.listen_port)},
      most_connections_{static_cast<std::size_t>(settings.max_connections)},
      tls_{std::move(tls)},
      room_{.service = service,
            .waiters = {},
            .stop = StopSignal{executor},
            .trust_domain = settings.trust_domain,
            .phase_timeout = settings.phase_timeout},
      connections_{executor, [](const std::string&, const Error& error) {
                       log_debug("a connection ended: " + error.message());
                   }} {
    error_code failure;
    endpoint_ = {asio::ip::make_address(settings.listen_address, failure), settings.listen_port};
}

Result<> OrderServer::listen() {
    error_code failure;
    acceptor_.open(endpoint_.protocol(), failure);
    if (!failure) acceptor_.set_option(tcp::acceptor::reuse_address{true}, failure);
    if (!failure) acceptor_.bind(endpoint_, failure);
    if (!failure) acceptor_.listen(asio::socket_base::max_listen_connections, failure);
    if (failure) return listen_error(asked_for_, failure);
    endpoint_ = acceptor_.local_endpoint(failure);
    if (failure) return listen_error(asked_for_, failure);
    return ok();
}

std::string OrderServer::address() const {
    std::ostringstream text;
    text << endpoint_;
    return text.str();
}

std::uint16_t OrderServer::port() const { return endpoint_.port(); }

Task<> OrderServer::accept_forever() {
    for (;;) {
        auto [failure, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (failure == asio::error::operation_aborted) co_return Error{Errc::cancelled, "stopped while accepting"};
        if (!failure) {
            accept_fails_ = false;
            receive(std::move(socket));
            continue;
        }
        // Out of descriptors, most likely: what runs will give some back.
        if (!std::exchange(accept_fails_, true))
            log_warning("connections cannot be accepted: " + failure.message() + "; trying on");
        constexpr Duration pause{200};
        AGENT_CO_TRY(co_await room_.service.time.sleep_for(pause));
    }
}

void OrderServer::receive(tcp::socket socket) {
    const bool full = connections_.running() >= most_connections_;
    if (full && !std::exchange(full_, true))
        log_warning("there are " + std::to_string(most_connections_) +
                    " connections, as many as max_connections allows; further ones are closed at once");
    if (full) return;
    full_ = false;
    error_code ignored;
    socket.set_option(tcp::no_delay{true}, ignored);
    const auto connection = std::make_shared<Connection>(std::move(socket), tls_.get(), room_);
    connections_.start("connection", [connection] { return connection->run(); });
}

Task<> OrderServer::stop(Duration patience) {
    error_code ignored;
    acceptor_.close(ignored);
    room_.stop.stop();
    room_.waiters.ring_all();
    const auto finished = co_await with_deadline(room_.service.time, patience, joined(connections_));
    if (finished.has_value()) co_return ok();
    log_warning(std::to_string(connections_.running()) + " connections did not end in time and are cut off");
    connections_.request_stop();
    co_await connections_.join();
    co_return ok();
}

}  // namespace agent
