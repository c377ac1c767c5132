#include "base/encoding.hpp"
#include "courier/https_client_fixture.hpp"

namespace agent {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::hello;
using testing::HttpsClientTest;
using ::testing::Not;
using testing::ScriptedProxy;
using testing::ScriptedServer;

TEST_F(HttpsClientTest, GoesThroughAProxyWithCredentials) {
    const ScriptedServer server{ground.server_files(), hello};
    const ScriptedProxy proxy{"HTTP/1.1 200 Connected\r\n\r\n", server.port()};
    auto settings = ground.settings(server.port());
    settings.proxy = "http://mary:p%40ss@127.0.0.1:" + std::to_string(proxy.port());
    use(settings);
    const auto answer = ask();
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    const auto seen = proxy.requests().at(0);
    const auto authority = "127.0.0.1:" + std::to_string(server.port());
    EXPECT_EQ(seen.line(), "CONNECT " + authority + " HTTP/1.1");
    EXPECT_EQ(seen.header("Host"), authority);
    EXPECT_EQ(seen.header("Proxy-Authorization"), "Basic " + base64_encode(bytes_of("mary:p@ss")));
    EXPECT_EQ(server.requests().at(0).header("Proxy-Authorization"), "") << "not the server's business";
}

TEST_F(HttpsClientTest, GoesThroughAProxyWithoutCredentialsAndAroundItWhereToldTo) {
    const ScriptedServer server{ground.server_files(), hello};
    const ScriptedProxy proxy{"HTTP/1.1 200 Connected\r\n\r\n", server.port()};
    auto settings = ground.settings(server.port());
    settings.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
    use(settings);
    ASSERT_TRUE(ask().has_value());
    EXPECT_EQ(proxy.requests().at(0).header("Proxy-Authorization"), "");
    close();
    settings.no_proxy = {"127.0.0.0/8"};
    use(settings);
    ASSERT_TRUE(ask().has_value());
    EXPECT_EQ(proxy.requests().size(), 1U);
}

TEST_F(HttpsClientTest, SaysThatTheProxyWantsCredentialsAndNeverTellsTheOnesItHas) {
    const ScriptedProxy proxy{"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", 1};
    auto settings = ground.settings(443);
    settings.proxy = "http://mary:secret@127.0.0.1:" + std::to_string(proxy.port());
    use(settings);
    const auto words = failure(Errc::unreachable);
    EXPECT_THAT(words, HasSubstr("407"));
    EXPECT_THAT(words, HasSubstr("server.proxy"));
    EXPECT_THAT(words, Not(HasSubstr("secret")));
}

TEST_F(HttpsClientTest, BoundsWhatAProxySays) {
    auto settings = ground.settings(443);
    const ScriptedProxy endless{"HTTP/1.1 200 OK\r\nX-Long: " + std::string(40'000, 'x') + "\r\n\r\n", 1};
    settings.proxy = "http://127.0.0.1:" + std::to_string(endless.port());
    use(settings);
    static_cast<void>(failure(Errc::malformed));
    const ScriptedProxy refusing{"HTTP/1.1 503 Out of order\r\n\r\n", 1};
    settings.proxy = "http://127.0.0.1:" + std::to_string(refusing.port());
    use(settings);
    EXPECT_THAT(failure(Errc::unreachable), HasSubstr("503 \"Out of order\""));
}

}  // namespace
}  // namespace agent
