// What an upload costs beside TLS itself: a POST of a bundle over one kept mTLS connection against a raw TLS echo of
// the same bytes on a connection of the same kind. Only the clients differ: both servers are threads of this process on
// loopback that block in SSL_read and answer with one SSL_write, one the bytes it read, the other a short 201.
// Operations alternate strictly, and the figure is the ratio of medians per block. `upload_bench COUNT` carries out
// COUNT uploads and nothing else, for counting their instructions.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "async/system_time_source.hpp"
#include "base/handle.hpp"
#include "courier/https_client.hpp"
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

Ssl accept_one(SSL_CTX* context, const Descriptor& socket) {
    send_at_once(socket.get());
    Ssl ssl{SSL_new(context)};
    SSL_set_fd(ssl.get(), socket.get());
    if (SSL_accept(ssl.get()) != 1) give_up("a handshake failed");
    return ssl;
}

// Whole bytes of a request, once its header is complete; 0 before that.
std::size_t size_of_request(std::string_view bytes) {
    constexpr std::string_view name = "Content-Length: ";
    const auto end = bytes.find("\r\n\r\n");
    const auto at = bytes.substr(0, end).find(name);
    if (end == std::string_view::npos || at == std::string_view::npos) return 0;
    std::size_t length = 0;
    std::from_chars(bytes.data() + at + name.size(), bytes.data() + end, length);
    return end + 4 + length;
}

void accept_uploads_until_closed(SSL_CTX* context, int listener) {
    static constexpr std::string_view answer = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
    const Descriptor socket{accept(listener, nullptr, nullptr)};
    const auto ssl = accept_one(context, socket);
    std::string bytes(4 * payload_size, '\0');
    std::size_t filled = 0;
    while (true) {
        const int got = SSL_read(ssl.get(), bytes.data() + filled, static_cast<int>(bytes.size() - filled));
        if (got <= 0) break;
        filled += static_cast<std::size_t>(got);
        if (filled != size_of_request({bytes.data(), filled})) continue;
        filled = 0;
        if (SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size())) <= 0) break;
    }
    SSL_shutdown(ssl.get());
}

void echo_until_closed(SSL_CTX* context, int listener) {
    const Descriptor socket{accept(listener, nullptr, nullptr)};
    const auto ssl = accept_one(context, socket);
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

asio::awaitable<bool> close(HttpsClient& client) {
    co_await client.close();
    co_return true;
}

double microseconds_since(Clock::time_point before) {
    return std::chrono::duration<double, std::micro>(Clock::now() - before).count();
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values.at(values.size() / 2);
}

double echo_once(SSL* ssl, const std::string& payload) {
    static std::string back(payload_size, '\0');
    const auto before = Clock::now();
    SSL_write(ssl, payload.data(), static_cast<int>(payload.size()));
    for (std::size_t filled = 0; filled < back.size();) {
        const int got = SSL_read(ssl, back.data() + filled, static_cast<int>(back.size() - filled));
        if (got <= 0) give_up("the echo ended");
        filled += static_cast<std::size_t>(got);
    }
    return microseconds_since(before);
}

asio::awaitable<double> upload_once(HttpsClient& client, const std::string& payload) {
    HttpRequest request;
    request.method = "POST";
    request.target = "/api/evidence";
    request.content_type = "application/json";
    request.body = payload;
    const auto before = Clock::now();
    const auto answer = co_await client.exchange(std::move(request));
    if (answer.has_error() || answer.value().status != 201) give_up("an upload failed");
    co_return microseconds_since(before);
}

asio::awaitable<bool> upload_many(HttpsClient& client, const std::string& payload, int count) {
    for (int i = 0; i < count; ++i) static_cast<void>(co_await upload_once(client, payload));
    co_return true;
}

// In one coroutine, as the daemon's loop is: starting and leaving the event loop is no part of an upload.
asio::awaitable<bool> compare(HttpsClient& client, SSL* raw, const std::string& payload) {
    std::vector<double> ratios;
    std::vector<double> uploads;
    std::vector<double> echoes;
    for (int block = 0; block < blocks; ++block) {
        std::vector<double> block_uploads;
        std::vector<double> block_echoes;
        for (int i = 0; i < operations; ++i) {
            block_echoes.push_back(echo_once(raw, payload));
            const double upload = co_await upload_once(client, payload);
            block_uploads.push_back(upload);
        }
        uploads.push_back(median(std::move(block_uploads)));
        echoes.push_back(median(std::move(block_echoes)));
        ratios.push_back(echoes.back() / uploads.back());
    }
    const auto [least, most] = std::ranges::minmax(ratios);
    std::printf("upload p50 %.1f us, raw TLS echo p50 %.1f us, echo/upload %.3f (%.3f to %.3f; goal at least 0.7)\n",
                median(uploads), median(echoes), median(ratios), least, most);
    co_return true;
}

int run(int only_uploads) {
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

    sockaddr_in upload_address{};
    const auto upload_listener = listen_on_loopback(upload_address);
    std::thread uploads_end{[&] { accept_uploads_until_closed(server_context.value().get(), upload_listener.get()); }};
    asio::io_context loop{1};
    SystemTimeSource time;
    HttpsClient client{loop.get_executor(), time, ground.settings(ntohs(upload_address.sin_port)), "upload_bench"};
    const auto stop = [&] {
        raw.reset();
        socket.reset();
        echo.join();
        testing::run(loop, close(client));
        uploads_end.join();
    };

    if (only_uploads > 0)
        testing::run(loop, upload_many(client, payload, only_uploads));
    else
        testing::run(loop, compare(client, raw.get(), payload));
    stop();
    return 0;
}

}  // namespace
}  // namespace agent

int main(int count, char** words) { return agent::run(count == 2 ? std::atoi(words[1]) : 0); }
