#include "courier/scripted_server.hpp"

#include <openssl/ssl.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "crypto/certificate.hpp"

namespace agent::testing {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
constexpr auto as_values = asio::as_tuple(asio::use_awaitable);

tcp::endpoint loopback(std::uint16_t port) { return {asio::ip::address_v4::loopback(), port}; }

// Where the bytes of one connection were kept, for the whole of its life.
template <class Stream>
asio::awaitable<std::optional<SeenRequest>> read_request(Stream& stream, std::string& buffer) {
    SeenRequest request;
    auto into = asio::dynamic_buffer(buffer);
    const auto [failed, size] = co_await asio::async_read_until(stream, into, "\r\n\r\n", as_values);
    if (failed) co_return std::nullopt;
    request.head = buffer.substr(0, size);
    buffer.erase(0, size);
    std::size_t length = 0;
    const auto text = request.header("Content-Length");
    std::from_chars(text.data(), text.data() + text.size(), length);
    if (buffer.size() < length) {
        auto rest = asio::dynamic_buffer(buffer);
        const auto [cut, more] =
            co_await asio::async_read(stream, rest, asio::transfer_exactly(length - buffer.size()), as_values);
        static_cast<void>(more);
        if (cut) co_return std::nullopt;
    }
    request.body = buffer.substr(0, length);
    buffer.erase(0, length);
    co_return request;
}

// Takes connections on loopback in a thread of its own, and keeps the requests that came over them. What `serve` uses
// has to outlive it.
class Listener {
public:
    using Serve = std::function<asio::awaitable<void>(tcp::socket)>;

    Listener(std::uint16_t port, Serve serve) : serve_{std::move(serve)}, acceptor_{io_, loopback(port), true} {
        asio::co_spawn(io_, accept_all(), asio::detached);
        thread_ = std::thread{[this] { io_.run(); }};
    }
    ~Listener() {
        io_.stop();
        thread_.join();
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    Listener(Listener&&) = delete;
    Listener& operator=(Listener&&) = delete;

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    void keep(const SeenRequest& request) {
        const std::lock_guard lock{mutex_};
        requests_.push_back(request);
    }
    [[nodiscard]] std::vector<SeenRequest> requests() const {
        const std::lock_guard lock{mutex_};
        return requests_;
    }

private:
    asio::awaitable<void> accept_all() {
        while (true) {
            auto [failed, socket] = co_await acceptor_.async_accept(as_values);
            if (failed) co_return;
            asio::co_spawn(io_, serve_(std::move(socket)), asio::detached);
        }
    }

    Serve serve_;
    asio::io_context io_;
    tcp::acceptor acceptor_;
    mutable std::mutex mutex_;
    std::vector<SeenRequest> requests_;
    std::thread thread_;
};

TlsContext context_for(TlsFiles files, Talks talks) {
    if (talks != Talks::tls && talks != Talks::tls12_only) return {};
    if (talks == Talks::tls12_only) files.least = TlsVersion::tls12;
    auto made = server_tls_context(files);
    if (made.has_error()) throw std::runtime_error{made.error().message()};
    if (talks == Talks::tls12_only) SSL_CTX_set_max_proto_version(made.value().get(), TLS1_2_VERSION);
    return std::move(made).value();
}

}  // namespace

std::string SeenRequest::header(const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const auto start = at + name.size() + 4;
    return head.substr(start, head.find("\r\n", start) - start);
}

Reply reply(int status, const std::string& body, const std::string& headers) {
    return {"HTTP/1.1 " + std::to_string(status) + " Scripted\r\n" + headers +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
            Reply::Then::keep};
}

struct ScriptedServer::State {
    State(TlsFiles files, Script wanted, Talks how, std::uint16_t port)
        : script{std::move(wanted)},
          talks{how},
          context{context_for(std::move(files), how)},
          listener{port, [this](tcp::socket socket) { return receive(std::move(socket)); }} {}

    asio::awaitable<void> receive(tcp::socket socket) {
        ++accepted;
        if (talks == Talks::silence) return say_nothing(std::move(socket));
        if (talks == Talks::plain_text) return greet(std::move(socket));
        return serve(std::move(socket));
    }

    static asio::awaitable<void> say_nothing(tcp::socket socket) {
        asio::steady_timer never{socket.get_executor(), asio::steady_timer::time_point::max()};
        static_cast<void>(co_await never.async_wait(as_values));
    }

    static asio::awaitable<void> greet(tcp::socket socket) {
        static constexpr std::string_view greeting = "HTTP/1.1 400 This is no TLS\r\nContent-Length: 0\r\n\r\n";
        const auto bytes = asio::buffer(greeting);
        static_cast<void>(co_await asio::async_write(socket, bytes, as_values));
        std::string sink;
        auto into = asio::dynamic_buffer(sink);
        static_cast<void>(co_await asio::async_read(socket, into, as_values));
    }

    asio::awaitable<void> serve(tcp::socket socket) {
        asio::ssl::stream<tcp::socket> stream{std::move(socket), SSL_new(context.get())};
        const auto [refused] = co_await stream.async_handshake(asio::ssl::stream_base::server, as_values);
        if (refused) co_return;
        if (SSL_session_reused(stream.native_handle()) == 1) ++resumed;
        {
            const std::lock_guard lock{mutex};
            subjects.push_back(facts_of(SSL_get0_peer_certificate(stream.native_handle())).subject);
        }
        std::string buffer;
        while (true) {
            const auto request = co_await read_request(stream, buffer);
            if (!request) break;
            listener.keep(*request);
            const auto answer = script(*request);
            const auto bytes = asio::buffer(answer.bytes);
            static_cast<void>(co_await asio::async_write(stream, bytes, as_values));
            if (answer.then == Reply::Then::cut) co_return;
            if (answer.then == Reply::Then::close) break;
        }
        if ((SSL_get_shutdown(stream.native_handle()) & SSL_RECEIVED_SHUTDOWN) != 0) ++closed_cleanly;
        static_cast<void>(co_await stream.async_shutdown(as_values));
    }

    Script script;
    Talks talks;
    TlsContext context;
    std::atomic<int> accepted{0};
    std::atomic<int> resumed{0};
    std::atomic<int> closed_cleanly{0};
    mutable std::mutex mutex;
    std::vector<std::string> subjects;
    Listener listener;
};

ScriptedServer::ScriptedServer(TlsFiles files, Script script, Talks talks, std::uint16_t port)
    : state_{std::make_unique<State>(std::move(files), std::move(script), talks, port)} {}
ScriptedServer::~ScriptedServer() = default;

std::uint16_t ScriptedServer::port() const noexcept { return state_->listener.port(); }
int ScriptedServer::accepted() const noexcept { return state_->accepted; }
int ScriptedServer::resumed() const noexcept { return state_->resumed; }
int ScriptedServer::closed_cleanly() const noexcept { return state_->closed_cleanly; }
std::vector<SeenRequest> ScriptedServer::requests() const { return state_->listener.requests(); }
std::vector<std::string> ScriptedServer::client_subjects() const {
    const std::lock_guard lock{state_->mutex};
    return state_->subjects;
}

struct ScriptedProxy::State {
    State(std::string wanted, std::uint16_t port)
        : answer{std::move(wanted)}, target{port}, listener{0, [this](tcp::socket socket) {
                                                                return carry(std::move(socket));
                                                            }} {}

    asio::awaitable<void> carry(tcp::socket client) {
        std::string buffer;
        const auto request = co_await read_request(client, buffer);
        if (!request) co_return;
        listener.keep(*request);
        const auto bytes = asio::buffer(answer);
        static_cast<void>(co_await asio::async_write(client, bytes, as_values));
        if (answer.find(" 200 ") == std::string::npos) co_return;
        tcp::socket server{client.get_executor()};
        const auto [failed] = co_await server.async_connect(loopback(target), as_values);
        if (failed) co_return;
        using asio::experimental::awaitable_operators::operator||;
        co_await (pump(client, server) || pump(server, client));
    }

    static asio::awaitable<void> pump(tcp::socket& from, tcp::socket& to) {
        std::string buffer(4096, '\0');
        while (true) {
            const auto room = asio::buffer(buffer);
            const auto [ended, size] = co_await from.async_read_some(room, as_values);
            if (ended) co_return;
            const auto bytes = asio::buffer(buffer, size);
            const auto [failed, written] = co_await asio::async_write(to, bytes, as_values);
            static_cast<void>(written);
            if (failed) co_return;
        }
    }

    std::string answer;
    std::uint16_t target;
    Listener listener;
};

ScriptedProxy::ScriptedProxy(std::string answer, std::uint16_t target_port)
    : state_{std::make_unique<State>(std::move(answer), target_port)} {}
ScriptedProxy::~ScriptedProxy() = default;
std::uint16_t ScriptedProxy::port() const noexcept { return state_->listener.port(); }
std::vector<SeenRequest> ScriptedProxy::requests() const { return state_->listener.requests(); }

}  // namespace agent::testing
