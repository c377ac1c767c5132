#include "courier/proxy.hpp"

#include <gtest/gtest.h>

#include <array>

#include "base/encoding.hpp"

namespace agent {
namespace {

struct BypassCase {
    const char* rule;
    const char* host;
    std::uint16_t port;
    bool bypasses;
};

constexpr std::array cases{
    BypassCase{"*", "orders.example.com", 443, true},
    BypassCase{"orders.example.com", "orders.example.com", 443, true},
    BypassCase{"ORDERS.example.COM", "orders.Example.com", 443, true},
    BypassCase{"example.com", "orders.example.com", 443, true},
    BypassCase{".example.com", "orders.example.com", 443, true},
    BypassCase{".example.com", "example.com", 443, true},
    BypassCase{"example.com", "badexample.com", 443, false},
    BypassCase{"orders.example.com", "example.com", 443, false},
    BypassCase{"example.com:8443", "orders.example.com", 8443, true},
    BypassCase{"example.com:8443", "orders.example.com", 443, false},
    BypassCase{"example.com:port", "example.com", 443, false},
    BypassCase{"192.0.2.1", "192.0.2.1", 443, true},
    BypassCase{"192.0.2.1", "192.0.2.10", 443, false},
    BypassCase{"2.1", "192.0.2.1", 443, false},
    BypassCase{"192.0.2.1:8443", "192.0.2.1", 8443, true},
    BypassCase{"192.0.2.0/24", "192.0.2.77", 443, true},
    BypassCase{"192.0.2.0/24", "192.0.3.77", 443, false},
    BypassCase{"192.0.2.0/33", "192.0.2.1", 443, false},
    BypassCase{"0.0.0.0/0", "orders.example.com", 443, false},
    BypassCase{"192.0.2.0/24", "::ffff:192.0.2.1", 443, true},
    BypassCase{"2001:db8::/32", "2001:db8::1", 443, true},
    BypassCase{"2001:db8::/32", "2001:db9::1", 443, false},
    BypassCase{"[2001:db8::1]:8443", "2001:db8::1", 8443, true},
    BypassCase{"2001:db8::1", "2001:db8:0::1", 443, true},
    BypassCase{"", "example.com", 443, false},
    BypassCase{".", "example.com", 443, false},
};

TEST(NoProxy, CoversWhatItSays) {
    for (const auto& c : cases)
        EXPECT_EQ(bypasses_proxy({c.rule}, c.host, c.port), c.bypasses) << c.rule << " for " << c.host << ':' << c.port;
}

TEST(ParseProxy, TakesHostPortAndPercentEncodedCredentials) {
    const auto proxy = parse_proxy("http://mary:p%40ss:word@proxy.example.com:3128/");
    ASSERT_TRUE(proxy.has_value()) << proxy.error().message();
    EXPECT_EQ(proxy.value().host, "proxy.example.com");
    EXPECT_EQ(proxy.value().port, 3128);
    EXPECT_EQ(base64_decode(proxy.value().basic_credentials), "mary:p@ss:word");
    EXPECT_EQ(proxy.value().name(), "proxy.example.com:3128");
}

TEST(ParseProxy, ManagesWithoutSchemePortAndCredentials) {
    const auto proxy = parse_proxy("proxy");
    ASSERT_TRUE(proxy.has_value());
    EXPECT_EQ(proxy.value().port, 80);
    EXPECT_TRUE(proxy.value().basic_credentials.empty());
    const auto v6 = parse_proxy("http://[2001:db8::1]:3128");
    ASSERT_TRUE(v6.has_value());
    EXPECT_EQ(v6.value().host, "2001:db8::1");
    EXPECT_EQ(v6.value().name(), "[2001:db8::1]:3128");
}

TEST(ParseProxy, RefusesWhatIsNoneAndNeverRepeatsThePassword) {
    for (const char* url : {"https://user:secret@proxy:3128", "socks5://user:secret@proxy", "http://user:secret@",
                            "http://user:secret@proxy:0", "http://user:secret@proxy:99999",
                            "http://user:sec%zzret@proxy", "http://user:secret@[::1", "http://user:secret@pro xy:1"}) {
        const auto proxy = parse_proxy(url);
        ASSERT_TRUE(proxy.has_error()) << url;
        EXPECT_EQ(proxy.error().code(), Errc::malformed);
        EXPECT_EQ(proxy.error().message().find("secret"), std::string::npos) << proxy.error().message();
    }
}

TEST(ChooseProxy, PrefersTheConfigurationAndItsOwnExceptions) {
    ServerSettings settings;
    settings.host = "orders.example.com";
    settings.proxy = "http://configured:1";
    const ProxyEnvironment environment{"http://environment:2", "orders.example.com"};
    auto chosen = choose_proxy(settings, environment);
    ASSERT_TRUE(chosen.has_value() && chosen.value());
    EXPECT_EQ(chosen.value()->name(), "configured:1");

    settings.no_proxy = {".example.com"};
    chosen = choose_proxy(settings, environment);
    ASSERT_TRUE(chosen.has_value());
    EXPECT_FALSE(chosen.value());
}

TEST(ChooseProxy, FallsBackToTheEnvironmentAndBothLists) {
    ServerSettings settings;
    settings.host = "orders.example.com";
    auto chosen = choose_proxy(settings, {"http://environment:2", "other.example.com, 10.0.0.0/8"});
    ASSERT_TRUE(chosen.has_value() && chosen.value());
    EXPECT_EQ(chosen.value()->name(), "environment:2");
    EXPECT_FALSE(choose_proxy(settings, {"http://environment:2", "a.test,orders.example.com"}).value());
    settings.no_proxy = {"orders.example.com"};
    EXPECT_FALSE(choose_proxy(settings, {"http://environment:2", ""}).value());
    EXPECT_FALSE(choose_proxy(settings, {}).value());
}

TEST(ChooseProxy, GoesDirectlyWhereTheConfiguredProxyIsEmpty) {
    ServerSettings settings;
    settings.host = "orders.example.com";
    settings.proxy = "";
    EXPECT_FALSE(choose_proxy(settings, {"http://environment:2", ""}).value());
}

TEST(ChooseProxy, SaysWhereABadProxyIsWritten) {
    ServerSettings settings;
    settings.host = "orders.example.com";
    const auto chosen = choose_proxy(settings, {"ftp://environment", ""});
    ASSERT_TRUE(chosen.has_error());
    EXPECT_NE(chosen.error().message().find("https_proxy"), std::string::npos);
    settings.proxy = "ftp://configured";
    EXPECT_NE(choose_proxy(settings, {}).error().message().find("server.proxy"), std::string::npos);
}

}  // namespace
}  // namespace agent
