// One client after the other over real TLS: requests, held polls, callers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/tls_fixture.hpp"

namespace agent::testing {
namespace {

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

TEST_F(ServerOverTls, AClientThatLeavesFreesItsHeldPoll) {
    serve();
    const auto waiting = host();
    hold_poll(*waiting);
    waiting->hang_up();
    EXPECT_TRUE(run_until([this] { return server->held_polls() == 0; }));
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
