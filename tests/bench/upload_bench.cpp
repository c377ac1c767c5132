// What an upload costs beside TLS itself: a POST of a bundle over one kept mTLS connection against a raw TLS echo of
// the same bytes on a connection of the same kind. Both servers are threads of this process on loopback; operations
// alternate strictly, and the figure is the ratio of medians per block.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "async/system_time_source.hpp"
#include "base/handle.hpp"
#include "courier/https_client.hpp"
#include "courier/scripted_server.hpp"
#include "courier/tls_ground.hpp"
#include "crypto/tls_context.hpp"
#include "support/run.hpp"

namespace agent {
namespace {

using Clock = std::chrono::steady_clock;
using Ssl = Handle<SSL, &SSL_free>;
constexpr int blocks = 9;
constexpr int operations = 250;
constexpr std::size_t payload_size = 4096;

[[noreturn]] void give_up(const char* why) {
    std::fprintf(stderr, "upload_bench: %s\n", why);
    std::exit(1);
}

void send_at_once(int socket) {
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// A listening socket on a port of the kernel's choice.
Descriptor listen_on_loopback(sockaddr_in& address) {
    Descriptor listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (bind(listener.get(), generic, size) != 0 || listen(listener.get(), 1) != 0 ||
        getsockname(listener.get(), generic, &size) != 0)
        give_up("no socket on loopback");
    return listener;
}

void echo_until_closed(SSL_CTX* context, int listener) {
    const Descriptor socket{accept(listener, nullptr, nullptr)};
    send_at_once(socket.get());
    const Ssl ssl{SSL_new(context)};
    SSL_set_fd(ssl.get(), socket.get());
    if (SSL_accept(ssl.get()) != 1) give_up("the echo's handshake failed");
    std::string bytes(payload_size, '\0');
    while (true) {
        std::size_t filled = 0;
        while (filled < bytes.size()) {
            const int got = SSL_read(ssl.get(), bytes.data() + filled, static_cast<int>(bytes.size() - filled));
            if (got <= 0) return;
            filled += static_cast<std::size_t>(got);
        }
        if (SSL_write(ssl.get(), bytes.data(), static_cast<int>(bytes.size())) <= 0) return;
    }
}

double microseconds_since(Clock::time_point before) {
    return std::chrono::duration<double, std::micro>(Clock::now() - before).count();
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values.at(values.size() / 2);
}

int run() {
    const testing::TlsGround ground;
    const std::string payload(payload_size, 'x');

    const auto server_context = server_tls_context(ground.server_files());
    TlsFiles host_files{ground.path("ca.pem"), ground.path("host.pem"), ground.path("host.key")};
    const auto client_context = client_tls_context(host_files);
    if (server_context.has_error() || client_context.has_error()) give_up("no TLS context");
    sockaddr_in address{};
    const auto listener = listen_on_loopback(address);
    std::thread echo{[&] { echo_until_closed(server_context.value().get(), listener.get()); }};
    Descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) give_up("no echo");
    send_at_once(socket.get());
    Ssl raw{SSL_new(client_context.value().get())};
    SSL_set_fd(raw.get(), socket.get());
    if (SSL_connect(raw.get()) != 1) give_up("the handshake with the echo failed");

    testing::ScriptedServer server{ground.server_files(),
                                   [](const testing::SeenRequest&) { return testing::reply(201, "{}"); }};
    asio::io_context loop{1};
    SystemTimeSource time;
    HttpsClient client{loop.get_executor(), time, ground.settings(server.port()), "upload_bench"};

    const auto upload = [&] {
        HttpRequest request;
        request.method = "POST";
        request.target = "/api/evidence";
        request.content_type = "application/json";
        request.body = payload;
        const auto before = Clock::now();
        const auto answer = testing::run(loop, client.exchange(std::move(request)));
        if (answer.has_error() || answer.value().status != 201) give_up("an upload failed");
        return microseconds_since(before);
    };
    std::string back(payload_size, '\0');
    const auto raw_echo = [&] {
        const auto before = Clock::now();
        SSL_write(raw.get(), payload.data(), static_cast<int>(payload.size()));
        for (std::size_t filled = 0; filled < back.size();) {
            const int got = SSL_read(raw.get(), back.data() + filled, static_cast<int>(back.size() - filled));
            if (got <= 0) give_up("the echo ended");
            filled += static_cast<std::size_t>(got);
        }
        return microseconds_since(before);
    };

    std::vector<double> ratios;
    std::vector<double> uploads;
    std::vector<double> echoes;
    for (int block = 0; block < blocks; ++block) {
        std::vector<double> block_uploads;
        std::vector<double> block_echoes;
        for (int i = 0; i < operations; ++i) {
            block_echoes.push_back(raw_echo());
            block_uploads.push_back(upload());
        }
        uploads.push_back(median(std::move(block_uploads)));
        echoes.push_back(median(std::move(block_echoes)));
        ratios.push_back(echoes.back() / uploads.back());
    }
    const auto [least, most] = std::ranges::minmax(ratios);
    std::printf("upload p50 %.1f us, raw TLS echo p50 %.1f us, echo/upload %.3f (%.3f to %.3f; goal at least 0.7)\n",
                median(uploads), median(echoes), median(ratios), least, most);
    raw.reset();
    socket.reset();
    echo.join();
    return 0;
}

}  // namespace
}  // namespace agent

int main() { return agent::run(); }
