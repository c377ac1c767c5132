#include "courier/https_client_fixture.hpp"

namespace agent {
namespace {

using namespace std::chrono_literals;
using testing::get;
using ::testing::HasSubstr;
using testing::hello;
using testing::HttpsClientTest;
using testing::Reply;
using testing::reply;
using testing::ScriptedServer;
using testing::SeenRequest;
using testing::Talks;

TEST_F(HttpsClientTest, ExchangesARequestForAnAnswer) {
    const ScriptedServer server{ground.server_files(), [](const SeenRequest&) {
                                    return reply(429, "slow down",
                                                 "Content-Type: text/plain\r\nRetry-After: 7\r\n"
                                                 "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
                                }};
    use(ground.settings(server.port()));
    HttpRequest request = get();
    request.method = "POST";
    request.headers = {{"X-Site-ID", "clinic-001"}};
    request.body = "body";
    request.content_type = "text/plain";
    const auto answer = ask(request);
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(answer.value().status, 429);
    EXPECT_EQ(answer.value().body, "slow down");
    EXPECT_EQ(answer.value().content_type, "text/plain");
    EXPECT_EQ(answer.value().retry_after, "7");
    EXPECT_EQ(answer.value().date, "Sun, 06 Nov 1994 08:49:37 GMT");
    const auto seen = server.requests().at(0);
    EXPECT_EQ(seen.line(), "POST /health HTTP/1.1");
    EXPECT_EQ(seen.header("Host"), "127.0.0.1:" + std::to_string(server.port()));
    EXPECT_EQ(seen.header("User-Agent"), "compliance-agent/1.2.3");
    EXPECT_EQ(seen.header("X-Site-ID"), "clinic-001");
    EXPECT_EQ(seen.body, "body");
}

TEST_F(HttpsClientTest, KeepsOneConnectionForManyExchanges) {
    const ScriptedServer server{ground.server_files(), hello};
    use(ground.settings(server.port()));
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(ask().has_value());
    EXPECT_EQ(server.accepted(), 1);
}

TEST_F(HttpsClientTest, ClosesCleanlyAndResumesTheSession) {
    const ScriptedServer server{ground.server_files(), hello};
    use(ground.settings(server.port()));
    ASSERT_TRUE(ask().has_value());
    close();
    ASSERT_TRUE(ask().has_value());
    close();
    ASSERT_TRUE(ask().has_value());
    EXPECT_EQ(server.accepted(), 3);
    EXPECT_EQ(server.resumed(), 2);
    EXPECT_EQ(server.closed_cleanly(), 2);
}

TEST_F(HttpsClientTest, MakesANewConnectionAfterAServerThatClosesEachOne) {
    const ScriptedServer server{ground.server_files(), [](const SeenRequest&) {
                                    auto answer = reply(200, "hello", "Connection: close\r\n");
                                    answer.then = Reply::Then::close;
                                    return answer;
                                }};
    use(ground.settings(server.port()));
    ASSERT_TRUE(ask().has_value());
    ASSERT_TRUE(ask().has_value());
    EXPECT_EQ(server.accepted(), 2);
}

TEST_F(HttpsClientTest, TriesOnceMoreWhenTheKeptConnectionHadDied) {
    int calls = 0;
    const ScriptedServer server{ground.server_files(), [&calls](const SeenRequest&) {
                                    if (++calls == 2) return Reply{"", Reply::Then::cut};
                                    return reply(200, "hello");
                                }};
    use(ground.settings(server.port()));
    ASSERT_TRUE(ask().has_value());
    HttpRequest post = get();
    post.method = "POST";
    post.body = "evidence";
    const auto answer = ask(post);
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(server.accepted(), 2);
    EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(HttpsClientTest, DoesNotRepeatARequestThatFailedOnANewConnection) {
    const ScriptedServer server{ground.server_files(), [](const SeenRequest&) { return Reply{"", Reply::Then::cut}; }};
    use(ground.settings(server.port()));
    EXPECT_THAT(failure(Errc::unreachable), HasSubstr("the server closed the connection"));
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(HttpsClientTest, ReadsAChunkedAnswerAndSkipsInterimOnes) {
    const ScriptedServer server{
        ground.server_files(), [](const SeenRequest&) {
            return Reply{
                "HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
                Reply::Then::keep};
        }};
    use(ground.settings(server.port()));
    const auto answer = ask();
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(answer.value().body, "hello");
    ASSERT_TRUE(ask().has_value());
    EXPECT_EQ(server.accepted(), 1);
}

TEST_F(HttpsClientTest, RefusesAServerOfAnotherAuthorityNamingItsCertificate) {
    const testing::TestPki other{"other CA"};
    other.issue_server("impostor").write(ground.folder.path(), "server");
    const ScriptedServer server{ground.server_files(), hello};
    use(ground.settings(server.port()));
    const auto words = failure(Errc::untrusted);
    EXPECT_THAT(words, HasSubstr("other CA"));
    EXPECT_THAT(words, HasSubstr("127.0.0.1:" + std::to_string(server.port())));
    EXPECT_TRUE(server.requests().empty());
}

TEST_F(HttpsClientTest, RefusesACertificateOfAnotherName) {
    testing::CertificateRequest wanted;
    wanted.common_name = "elsewhere";
    wanted.dns_names = {"elsewhere.example.com"};
    ground.ca.issue(wanted).write(ground.folder.path(), "server");
    const ScriptedServer server{ground.server_files(), hello};
    use(ground.settings(server.port()));
    EXPECT_THAT(failure(Errc::untrusted), HasSubstr("elsewhere"));
    auto by_name = ground.settings(server.port());
    by_name.host = "localhost";
    close();
    use(by_name);
    EXPECT_THAT(failure(Errc::untrusted), HasSubstr("elsewhere"));
}

TEST_F(HttpsClientTest, FindsAServerByNameAndChecksThatName) {
    const ScriptedServer server{ground.server_files(), hello};
    auto settings = ground.settings(server.port());
    settings.host = "localhost";
    use(settings);
    const auto answer = ask();
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(server.requests().at(0).header("Host"), "localhost:" + std::to_string(server.port()));
}

TEST_F(HttpsClientTest, RefusesAnExpiredServerCertificateNamingItsEnd) {
    testing::CertificateRequest wanted;
    wanted.common_name = "old";
    wanted.addresses = {"127.0.0.1"};
    wanted.not_before = parse_rfc3339("2020-01-01T00:00:00Z").value();
    wanted.not_after = parse_rfc3339("2021-01-01T00:00:00Z").value();
    ground.ca.issue(wanted).write(ground.folder.path(), "server");
    const ScriptedServer server{ground.server_files(), hello};
    use(ground.settings(server.port()));
    const auto words = failure(Errc::untrusted);
    EXPECT_THAT(words, HasSubstr("expired"));
    EXPECT_THAT(words, HasSubstr("2021-01-01"));
}

TEST_F(HttpsClientTest, SaysThatTheServerRefusedOurCertificate) {
    const testing::TestPki other{"other CA"};
    other.issue_host("clinic-001", "srv-01").write(ground.folder.path(), "host");
    const ScriptedServer server{ground.server_files(), hello};
    use(ground.settings(server.port()));
    const auto words = failure(Errc::untrusted);
    EXPECT_THAT(words, HasSubstr("127.0.0.1:" + std::to_string(server.port())));
    EXPECT_THAT(words, HasSubstr("refused our certificate"));
    EXPECT_TRUE(server.requests().empty());
}

TEST_F(HttpsClientTest, RefusesATls12ServerUnlessTheConfigurationAllowsIt) {
    const ScriptedServer server{ground.server_files(), hello, Talks::tls12_only};
    auto settings = ground.settings(server.port());
    use(settings);
    EXPECT_THAT(failure(Errc::untrusted), HasSubstr("version"));
    settings.min_tls = TlsVersion::tls12;
    use(settings);
    const auto answer = ask();
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
}

TEST_F(HttpsClientTest, SaysSoWhereTheServerSpeaksNoTls) {
    const ScriptedServer server{ground.server_files(), hello, Talks::plain_text};
    use(ground.settings(server.port()));
    EXPECT_THAT(failure(Errc::untrusted), HasSubstr("speaks no TLS"));
}

TEST_F(HttpsClientTest, LeavesADeafServerAfterTheDeadlineNamingPhaseAndPeer) {
    const ScriptedServer server{ground.server_files(), hello, Talks::silence};
    use(ground.settings(server.port()));
    HttpRequest request = get();
    request.deadline = 500ms;
    const auto start = time.mono_now();
    EXPECT_THAT(failure(Errc::timed_out, request),
                HasSubstr("TLS handshake with 127.0.0.1:" + std::to_string(server.port()) +
                          " (127.0.0.1): no answer within 500 ms"));
    EXPECT_GE(time.mono_now() - start, 500ms);
    EXPECT_LT(time.mono_now() - start, 5s);
}

TEST_F(HttpsClientTest, LeavesAMuteServerAfterTheDeadline) {
    const ScriptedServer server{ground.server_files(), [](const SeenRequest&) {
                                    return Reply{"HTTP/1.1 200 OK\r\n", Reply::Then::keep};
                                }};
    use(ground.settings(server.port()));
    HttpRequest request = get();
    request.deadline = 1500ms;
    EXPECT_THAT(failure(Errc::timed_out, request), HasSubstr("waiting for the answer of 127.0.0.1"));
}

TEST_F(HttpsClientTest, SaysWhereNobodyListens) {
    std::uint16_t port = 0;
    { port = ScriptedServer{ground.server_files(), hello}.port(); }
    use(ground.settings(port));
    EXPECT_THAT(failure(Errc::unreachable),
                HasSubstr("connecting to 127.0.0.1:" + std::to_string(port) + " (127.0.0.1): Connection refused"));
}

TEST_F(HttpsClientTest, SaysThatANameHasNoAddress) {
    auto settings = ground.settings(443);
    settings.host = std::string(64, 'x') + ".invalid";  // no label is that long, so nobody is asked
    use(settings);
    EXPECT_THAT(failure(Errc::unreachable), HasSubstr("looking up " + settings.host + ":443: "));
}

TEST_F(HttpsClientTest, NoticesAnAnswerThatIsCutInTheMiddle) {
    const ScriptedServer server{
        ground.server_files(), [](const SeenRequest&) {
            return Reply{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", Reply::Then::cut};
        }};
    use(ground.settings(server.port()));
    EXPECT_THAT(failure(Errc::unreachable), HasSubstr("cut in the middle"));
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(HttpsClientTest, TakesNoTruncatedAnswerWithoutLengthForAWholeOne) {
    const ScriptedServer server{ground.server_files(), [](const SeenRequest&) {
                                    return Reply{"HTTP/1.1 200 OK\r\n\r\nhalf", Reply::Then::cut};
                                }};
    use(ground.settings(server.port()));
    EXPECT_THAT(failure(Errc::unreachable), HasSubstr("cut in the middle"));
}

TEST_F(HttpsClientTest, RefusesAnAnswerOverTheLimitHoweverItIsFramed) {
    bool chunked = false;
    const ScriptedServer server{ground.server_files(), [&chunked](const SeenRequest&) {
                                    if (!chunked) return reply(200, std::string(1'001, 'x'));
                                    return Reply{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                                                     std::string(1'001, 'x') + "\r\n0\r\n\r\n",
                                                 Reply::Then::keep};
                                }};
    use(ground.settings(server.port()));
    HttpRequest request = get();
    request.answer_limit = 1'000;
    EXPECT_THAT(failure(Errc::malformed, request), HasSubstr("more than 1000 bytes"));
    chunked = true;
    EXPECT_THAT(failure(Errc::malformed, request), HasSubstr("more than 1000 bytes"));
    request.answer_limit = 1'001;
    EXPECT_TRUE(ask(request).has_value());
}

TEST_F(HttpsClientTest, RefusesAHeaderOver16KiB) {
    const ScriptedServer server{ground.server_files(), [](const SeenRequest&) {
                                    return reply(200, "", "X-Long: " + std::string(17'000, 'x') + "\r\n");
                                }};
    use(ground.settings(server.port()));
    EXPECT_THAT(failure(Errc::malformed), HasSubstr("header"));
}

TEST_F(HttpsClientTest, RefusesWhatIsNoHttp) {
    const ScriptedServer server{ground.server_files(), [](const SeenRequest&) {
                                    return Reply{"SSH-2.0-OpenSSH_9.2\r\n\r\n", Reply::Then::keep};
                                }};
    use(ground.settings(server.port()));
    EXPECT_THAT(failure(Errc::malformed), HasSubstr("no HTTP answer"));
}

}  // namespace
}  // namespace agent
