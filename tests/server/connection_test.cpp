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
namespace {

namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
constexpr auto as_values = asio::as_tuple(asio::use_awaitable);

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

std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: server\r\n\r\n"; }
constexpr auto poll = "/api/orders/pending?site_id=clinic-001&host_id=srv-01";
std::string post(const std::string& target, const std::string& body) {
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

TEST_F(ServerOverTls, AnswersOneRequestAfterTheOtherOnOneConnection) {
    serve();
    const auto caller = host();
    EXPECT_THAT(ask(*caller, get("/health")), ::testing::StartsWith("200 "));
    EXPECT_TRUE(caller->keeps);
    EXPECT_EQ(ask(*caller, get(poll)), nothing);
    EXPECT_EQ(reason_in(ask(*caller, get("/api/hosts"))), "403 forbidden");
    EXPECT_EQ(reason_in(ask(*caller, get("/nowhere"))), "404 not_found");
    EXPECT_EQ(server->connections(), 1U);
}

TEST_F(ServerOverTls, AnswersHeadWithoutABodySoThatTheNextAnswerIsFound) {
    serve();
    const auto caller = host();
    const auto head = [](const std::string& target) { return "HEAD " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"; };
    spawn(caller->send(head("/health") + head("/nowhere") + get("/health")));
    const auto next = [&](bool of_head) {
        caller->answer.clear();
        spawn(of_head ? caller->receive_head() : caller->receive());
        EXPECT_TRUE(run_until([&] { return !caller->answer.empty(); }));
        return caller->answer;
    };
    EXPECT_THAT(next(true), ::testing::MatchesRegex("200 [1-9][0-9]*"));
    EXPECT_THAT(next(true), ::testing::MatchesRegex("404 [1-9][0-9]*"));
    EXPECT_THAT(next(false), ::testing::StartsWith("200 {"));
}

TEST_F(ServerOverTls, PassesOverEmptyLinesAndKeepsAnOldClient) {
    serve();
    const auto caller = host();
    EXPECT_THAT(ask(*caller, "\r\n\r\n" + get("/health")), ::testing::StartsWith("200 "));
    EXPECT_THAT(ask(*caller, "GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), ::testing::StartsWith("200 "));
    EXPECT_EQ(caller->connection, "keep-alive");
    EXPECT_THAT(ask(*caller, get("/health")), ::testing::StartsWith("200 "));
}

TEST_F(ServerOverTls, ATlsKeyThatOthersMayReadDoesNotKeepItFromStarting) {
    std::filesystem::permissions(settings.tls.key_file, std::filesystem::perms{0644});
    serve();
    EXPECT_THAT(ask(*host(), get("/health")), ::testing::StartsWith("200 "));
}

TEST_F(ServerOverTls, StoppingWaitsOnlyAMomentForAClientThatSaysNoGoodbye) {
    serve();
    const auto idle = host();
    tcp::socket silent{io};
    silent.connect({asio::ip::make_address("127.0.0.1"), server->port()});  // no handshake
    ASSERT_TRUE(run_until([this] { return server->connections() == 2; }));
    begin_to_stop();
    ASSERT_TRUE(run_until([this] { return time.sleepers() > 0 && time.next_due() <= time.mono + Duration{100}; }));
    for (int moment = 0; moment < 10 && !stopped; ++moment) {
        io.poll();
        time.advance(Duration{100});
    }
    EXPECT_TRUE(run_until([this] { return server->connections() == 0; }));
    EXPECT_TRUE(run_until([this] { return stopped; }));
}

TEST_F(ServerOverTls, AnOrderEndsTheHeldPollOfItsHostAtOnce) {
    serve();
    const auto waiting = host();
    const auto envelope = envelope_of(an_order("o-1"));
    hold_poll(*waiting);
    const auto jo = client(pki.issue_operator("jo"));
    EXPECT_EQ(ask(*jo, post("/api/orders", envelope)), R"(201 {"order_id":"o-1"})");
    ASSERT_TRUE(run_until([&] { return !waiting->answer.empty(); }));
    EXPECT_THAT(waiting->answer, ::testing::HasSubstr(envelope));
    EXPECT_EQ(server->held_polls(), 0U);
}

TEST_F(ServerOverTls, AHeldPollEndsEmptyWhenItsTimeIsUpAndTheConnectionGoesOn) {
    serve();
    const auto waiting = host();
    hold_poll(*waiting);
    time.advance(Duration{25'000});
    ASSERT_TRUE(run_until([&] { return !waiting->answer.empty(); }));
    EXPECT_EQ(waiting->answer, nothing);
    EXPECT_THAT(ask(*waiting, get("/health")), ::testing::StartsWith("200 "));
}

TEST_F(ServerOverTls, StoppingAnswersHeldPollsAndLeavesNoConnection) {
    serve();
    const auto idle = host("srv-02");
    const auto waiting = host();
    hold_poll(*waiting);
    spawn(idle->receive());
    begin_to_stop();
    ASSERT_TRUE(run_until([&] { return !waiting->answer.empty() && !idle->answer.empty(); }));
    EXPECT_EQ(waiting->answer, nothing);
    EXPECT_FALSE(waiting->keeps);
    EXPECT_EQ(idle->answer, "closed");
    idle->hang_up();
    waiting->hang_up();
    ASSERT_TRUE(run_until([this] { return stopped; }));
    EXPECT_EQ(server->connections(), 0U);
}

TEST_F(ServerOverTls, AClientThatLeavesFreesItsHeldPoll) {
    serve();
    const auto waiting = host();
    hold_poll(*waiting);
    waiting->hang_up();
    EXPECT_TRUE(run_until([this] { return server->held_polls() == 0; }));
}

TEST_F(ServerOverTls, ASlowHeaderIsLeftAfterThePhaseLimit) {
    serve();
    const auto slow = host();
    const auto limit_is = [this](Duration limit) {
        return time.sleepers() == 1 && time.next_due() == time.mono + limit;
    };
    ASSERT_TRUE(run_until([&] { return limit_is(2 * settings.phase_timeout); }));  // between requests
    spawn(slow->send("GET /health HT"));
    ASSERT_TRUE(run_until([&] { return limit_is(settings.phase_timeout); }));
    spawn(slow->receive());
    time.advance(settings.phase_timeout);
    ASSERT_TRUE(run_until([&] { return !slow->answer.empty(); }));
    EXPECT_EQ(reason_in(slow->answer), "408 timeout");
    EXPECT_FALSE(slow->keeps);
}

TEST_F(ServerOverTls, TripsEveryLimitOfARequest) {
    serve();
    const auto certificate = pki.issue_host("clinic-001", "srv-01");
    const auto says = [&](const std::string& bytes) {
        const auto one = client(certificate);
        const auto answer = reason_in(ask(*one, bytes));
        EXPECT_FALSE(one->keeps) << bytes.substr(0, 60);
        return answer;
    };
    EXPECT_EQ(says("GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + std::string(20'000, 'x') + "\r\n\r\n"), "431 too_large");
    EXPECT_EQ(says("rubbish\r\n\r\n"), "400 malformed");
    EXPECT_EQ(says(post("/api/evidence", std::string(5'000'000, 'x'))), "400 malformed");
    EXPECT_EQ(says("POST /api/evidence HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                   "Content-Length: 5000000\r\n\r\n" +
                   std::string(5'000'000, 'x')),
              "413 too_large");
    EXPECT_EQ(says("POST /api/orders/o-1/status HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
              "501 not_implemented");
    EXPECT_EQ(says(post("/api/orders/o-1/status", std::string(5000, 'x'))), "413 too_large");
    EXPECT_EQ(says("POST /api/orders/o-1/status HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n" +
                   std::string(5000, 'x') + "\r\n0\r\n\r\n"),
              "413 too_large");
    const auto one = client(certificate);
    EXPECT_EQ(reason_in(ask(*one, "POST /api/evidence HTTP/1.1\r\nHost: a\r\n\r\n")), "411 length_required");
    EXPECT_EQ(reason_in(ask(*one, "GET /health HTTP/1.1\r\n\r\n")), "400 malformed");
    EXPECT_EQ(reason_in(ask(*one, get("/%zz"))), "400 malformed");
    const auto jo = client(pki.issue_operator("jo"));
    EXPECT_EQ(reason_in(ask(*jo, post("/api/orders", std::string(70'000, 'x')))), "422 too_large");
}

TEST_F(ServerOverTls, TakesAnUploadOfALargeBundleThatAsksBeforeItSends) {
    serve();
    enrol(evidence_key);
    auto bundle = a_bundle(evidence_key, 1, zeros);
    bundle.pre_state.set("blob", std::string(900'000, 'x'));
    const auto bytes = write_bundle(bundle);
    const auto body = form_of(bytes, text_of_signature(evidence_key.sign(bytes)));
    const auto uploader = host();
    spawn(
        uploader->send("POST /api/evidence HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Type: "
                       "multipart/form-data; boundary=xyz\r\nContent-Length: " +
                       std::to_string(body.size()) + "\r\n\r\n"));
    ASSERT_TRUE(run_until([&] { return uploader->sent; }));
    spawn(uploader->receive());
    ASSERT_TRUE(run_until([&] { return !uploader->answer.empty(); }));
    ASSERT_EQ(uploader->answer, "100 ");
    EXPECT_THAT(ask(*uploader, body), ::testing::StartsWith("201 "));
}

TEST_F(ServerOverTls, KnowsACallerByCertificateAlone) {
    serve();
    CertificateRequest nobody;
    nobody.uris = {"spiffe://elsewhere.test/site/clinic-001/host/srv-01"};
    const auto foreign = client(pki.issue(nobody));
    EXPECT_EQ(reason_in(ask(*foreign, get(poll))), "403 unknown_identity");
    EXPECT_THAT(ask(*foreign, get("/health")), ::testing::StartsWith("200 "));

    const TestPki another;
    const auto untrusted = client(another.issue_host("clinic-001", "srv-01"));
    EXPECT_EQ(ask(*untrusted, get("/health")), "closed");
}

TEST_F(ServerOverTls, ACertificateThatExpiresMeanwhileIsRefused) {
    serve();
    const auto caller = host();
    EXPECT_EQ(ask(*caller, get(poll)), nothing);
    time.wall += std::chrono::days{800};
    EXPECT_EQ(reason_in(ask(*caller, get(poll))), "403 unknown_identity");
    EXPECT_FALSE(caller->keeps);
}

TEST_F(ServerOverTls, ClosesConnectionsBeyondTheLimit) {
    settings.max_connections = 1;
    serve();
    const auto first = host();
    ASSERT_TRUE(first->connected);
    EXPECT_FALSE(host("srv-02")->connected);
    EXPECT_THAT(ask(*first, get("/health")), ::testing::StartsWith("200 "));
}

}  // namespace
}  // namespace agent::testing
