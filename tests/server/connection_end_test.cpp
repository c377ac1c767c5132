// How connections end: limits, refusals that are read, and stopping.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/tls_fixture.hpp"

namespace agent::testing {
namespace {

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
    // More than any buffer here takes at once: the answer is not lost with what the client still sends.
    EXPECT_EQ(says("GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + std::string(900'000, 'x') + "\r\n\r\n"), "431 too_large");
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

TEST_F(ServerOverTls, AClientThatNeverEndsItsHeaderIsCutOffWithoutWaiting) {
    serve();
    const auto endless = host();
    spawn(endless->send("GET / HTTP/1.1\r\nX-Long: " + std::string(50'000'000, 'x')));
    EXPECT_TRUE(run_until([&] { return endless->sent && server->connections() == 0; }));
}

TEST_F(ServerOverTls, AClientThatStaysSilentAfterARefusalIsLeftAfterSeconds) {
    serve();
    const auto silent = host();
    spawn(silent->exchange("rubbish\r\n\r\n"));
    ASSERT_TRUE(run_until([&] { return !silent->answer.empty(); }));
    EXPECT_EQ(reason_in(silent->answer), "400 malformed");
    for (const auto* phase : {"what it may still send", "its close_notify"}) {
        const auto due = time.mono + Duration{2000};
        ASSERT_TRUE(run_until([&] { return time.sleepers() > 0 && time.next_due() == due; })) << phase;
        time.advance(Duration{2000});
    }
    EXPECT_TRUE(run_until([this] { return server->connections() == 0; }));
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

class StoppingAmidARequest : public ServerOverTls {
protected:
    // A client that has sent these bytes, and a server that reads on for them.
    std::unique_ptr<Client> client_that_sent(const std::string& bytes) {
        serve();
        auto half = host();
        const auto limit_is = [this](Duration limit) {
            return time.sleepers() == 1 && time.next_due() == time.mono + limit;
        };
        EXPECT_TRUE(run_until([&] { return limit_is(2 * settings.phase_timeout); }));
        spawn(half->send(bytes));
        EXPECT_TRUE(run_until([&] { return limit_is(settings.phase_timeout); }));
        return half;
    }
    [[nodiscard]] bool last_reading() const {
        return time.sleepers() > 0 && time.next_due() == time.mono + Duration{500};
    }
    // The client never says goodbye, so that the server's own patience is what ends it.
    void expect_a_quick_end() {
        begin_to_stop();
        ASSERT_TRUE(run_until([this] { return last_reading(); }));
        time.advance(Duration{500});
        ASSERT_TRUE(run_until([this] { return stopped || time.next_due() == time.mono + Duration{100}; }));
        time.advance(Duration{100});
        EXPECT_TRUE(run_until([this] { return stopped; }));
        EXPECT_EQ(server->connections(), 0U);
    }
};

TEST_F(StoppingAmidARequest, WaitsHalfASecondForTheRestOfAHeader) {
    const auto half = client_that_sent("GET /health HT");
    expect_a_quick_end();
}

TEST_F(StoppingAmidARequest, WaitsHalfASecondForTheRestOfABody) {
    const auto half =
        client_that_sent("POST /api/orders/o-1/status HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{\"st");
    expect_a_quick_end();
}

TEST_F(StoppingAmidARequest, AnswersARequestWhoseRestComesMeanwhile) {
    const auto half = client_that_sent("GET /health HT");
    begin_to_stop();
    ASSERT_TRUE(run_until([this] { return last_reading(); }));
    EXPECT_THAT(ask(*half, "TP/1.1\r\nHost: a\r\n\r\n"), ::testing::StartsWith("200 "));
    EXPECT_FALSE(half->keeps);
    half->hang_up();
    EXPECT_TRUE(run_until([this] { return stopped; }));
}

}  // namespace
}  // namespace agent::testing
