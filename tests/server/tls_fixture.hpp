#pragma once
// The server over real TLS on loopback, client and server on one thread: time moves only when a test says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <memory>

#include "async/system_time_source.hpp"
#include "server/order_server.hpp"
#include "server/service_fixture.hpp"
#include "support/test_pki.hpp"

namespace agent::testing {

namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
inline constexpr auto as_values = asio::as_tuple(asio::use_awaitable);

// One client connection. Answers are "STATUS BODY"; "closed" where the server hung up.
class Client {
public:
    Client(asio::io_context& io, std::uint16_t port, SSL_CTX* tls)
        : context_{tls}, stream_{io, context_}, port_{port} {}

    asio::awaitable<void> connect() {
        const tcp::endpoint server{asio::ip::make_address("127.0.0.1"), port_};
        const auto [refused] = co_await stream_.next_layer().async_connect(server, as_values);
        const auto [failed] = co_await stream_.async_handshake(asio::ssl::stream_base::client, as_values);
        connected = !refused && !failed;
        done = true;
    }
    asio::awaitable<void> send(std::string bytes) {
        static_cast<void>(co_await asio::async_write(stream_, asio::buffer(bytes), as_values));
        sent = true;
    }
    asio::awaitable<void> receive() {
        http::response<http::string_body> message;
        const auto [failed, bytes] = co_await http::async_read(stream_, buffer_, message, as_values);
        static_cast<void>(bytes);
        answer = failed ? "closed" : std::to_string(message.result_int()) + " " + message.body();
        keeps = !failed && message.keep_alive();
        connection = std::string{message[http::field::connection]};
    }
    // The answer to a HEAD: "STATUS LENGTH".
    asio::awaitable<void> receive_head() {
        http::response_parser<http::empty_body> parser;
        parser.skip(true);
        const auto [failed, bytes] = co_await http::async_read(stream_, buffer_, parser, as_values);
        static_cast<void>(bytes);
        const auto& message = parser.get();
        answer = failed
                     ? "closed"
                     : std::to_string(message.result_int()) + " " + std::string{message[http::field::content_length]};
    }
    asio::awaitable<void> exchange(std::string bytes) {
        co_await send(std::move(bytes));
        co_await receive();
    }
    void hang_up() { stream_.next_layer().close(); }

    bool done{};
    bool connected{};
    bool sent{};
    bool keeps{};
    std::string answer;
    std::string connection;  // the header of this name

private:
    asio::ssl::context context_;
    asio::ssl::stream<tcp::socket> stream_;
    boost::beast::flat_buffer buffer_;
    std::uint16_t port_;
};

inline std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: server\r\n\r\n"; }
inline constexpr auto poll = "/api/orders/pending?site_id=clinic-001&host_id=srv-01";
inline std::string post(const std::string& target, const std::string& body) {
    return "POST " + target + " HTTP/1.1\r\nHost: server\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

class ServerOverTls : public ServiceFixture {
protected:
    ServerOverTls() {
        time.wall = SystemTimeSource{}.wall_now();  // certificates are of our days
        const auto ca = pki.write_ca(folder.path() / "ca.pem");
        pki.issue_server().write(folder.path(), "server");
        settings.listen_port = 0;
        settings.trust_domain = "example.test";
        settings.tls = {
            .ca_file = ca, .cert_file = folder.path() / "server.pem", .key_file = folder.path() / "server.key"};
    }
    ~ServerOverTls() override {
        if (!server) return;
        if (!stopped) begin_to_stop();
        EXPECT_TRUE(run_until([this] { return stopped; }));
        acceptor.request_stop();
        EXPECT_TRUE(run_until([this] { return acceptor.running() == 0; }));
    }
    ServerOverTls(const ServerOverTls&) = delete;
    ServerOverTls& operator=(const ServerOverTls&) = delete;
    ServerOverTls(ServerOverTls&&) = delete;
    ServerOverTls& operator=(ServerOverTls&&) = delete;

    void serve() {
        auto tls = server_tls_context(settings.tls);
        ASSERT_TRUE(tls.has_value()) << tls.error().message();
        server = std::make_unique<OrderServer>(io.get_executor(), *service, settings, std::move(tls).value());
        const auto listening = server->listen();
        ASSERT_TRUE(listening.has_value()) << listening.error().message();
        acceptor.start("accepting", [this] { return server->accept_forever(); });
    }
    // Real time is only the bound of a test that hangs.
    template <class Done>
    bool run_until(Done done) {
        while (!done())
            if (io.run_one_for(std::chrono::seconds{10}) == 0) return false;
        return true;
    }
    void spawn(asio::awaitable<void> work) {
        asio::co_spawn(io, std::move(work), [](const std::exception_ptr& thrown) {
            if (thrown) std::rethrow_exception(thrown);
        });
    }
    void begin_to_stop() {
        auto stopping = [](OrderServer& what, bool& flag) -> asio::awaitable<void> {
            static_cast<void>(co_await what.stop(Duration{4000}));
            flag = true;
        };
        spawn(stopping(*server, stopped));
    }
    std::unique_ptr<Client> client(const IssuedCertificate& certificate) {
        certificate.write(folder.path(), "client");
        auto tls = client_tls_context({.ca_file = settings.tls.ca_file,
                                       .cert_file = folder.path() / "client.pem",
                                       .key_file = folder.path() / "client.key"});
        EXPECT_TRUE(tls.has_value()) << tls.error().message();
        auto made = std::make_unique<Client>(io, server->port(), tls.value().release());
        spawn(made->connect());
        EXPECT_TRUE(run_until([&] { return made->done; }));
        return made;
    }
    std::unique_ptr<Client> host(const std::string& id = "srv-01") { return client(pki.issue_host("clinic-001", id)); }
    std::string ask(Client& who, const std::string& request_bytes) {
        who.answer.clear();
        spawn(who.exchange(request_bytes));
        EXPECT_TRUE(run_until([&] { return !who.answer.empty(); }));
        return who.answer;
    }
    static std::string reason_in(const std::string& answer) {
        const auto body = parse_json(answer.substr(4));
        return answer.substr(0, 4) + (body.has_value() ? text(body.value(), "reason") : "(no JSON)");
    }
    void hold_poll(Client& who) {
        spawn(who.exchange(get("/api/orders/pending?site_id=clinic-001&host_id=srv-01&wait=25")));
        ASSERT_TRUE(run_until([this] { return server->held_polls() == 1; }));
        ASSERT_EQ(who.answer, "");
    }

    asio::io_context io{1};
    TestPki pki;
    OrderServerSettings settings;
    TaskGroup acceptor{io.get_executor(), [](const std::string&, const Error&) {}};
    std::unique_ptr<OrderServer> server;
    bool stopped{false};
    const std::string nothing = R"(200 {"more":false,"orders":[]})";
};

}  // namespace agent::testing
