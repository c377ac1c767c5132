#pragma once
// One client: TLS handshake, then requests one after the other, each phase with its time limit.
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "async/time_source.hpp"
#include "crypto/tls_context.hpp"
#include "server/log_throttle.hpp"
#include "server/pending_waiters.hpp"
#include "server/service.hpp"
#include "server/stop_signal.hpp"

namespace agent {

// What all connections share.
struct ServerRoom {
    Service& service;
    PendingWaiters waiters;
    StopSignal stop;  // finish what is under way, hold nothing, begin nothing
    LogThrottle handshake_failures{20, std::chrono::minutes{1}};
    std::string trust_domain;
    Duration phase_timeout{30'000};  // per header, body, answer; twice as long between requests; handshake at most 10 s
};

class Connection {
public:
    // `tls` is only used in here: a reload may replace it at once.
    Connection(asio::ip::tcp::socket socket, SSL_CTX* tls, ServerRoom& room);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    Connection(Connection&&) = delete;
    Connection& operator=(Connection&&) = delete;
    ~Connection();

    // Until the client goes, breaks a rule or a limit, or the room stops.
    [[nodiscard]] Task<> run();

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace agent
