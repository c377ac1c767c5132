#pragma once
// An HTTPS client and what it says of a scripted server over real TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "async/system_time_source.hpp"
#include "courier/https_client.hpp"
#include "courier/scripted_server.hpp"
#include "courier/tls_ground.hpp"
#include "support/run.hpp"

namespace agent::testing {

inline Reply hello(const SeenRequest& /*request*/) { return reply(200, "hello"); }

inline HttpRequest get() {
    HttpRequest request;
    request.method = "GET";
    request.target = "/health";
    request.deadline = std::chrono::seconds{10};
    return request;
}

class HttpsClientTest : public ::testing::Test {
protected:
    ~HttpsClientTest() override {
        if (client) testing::run(io, closed(*client));
    }
    void use(ServerSettings settings) {
        client = std::make_unique<HttpsClient>(io.get_executor(), time, std::move(settings), "compliance-agent/1.2.3");
    }
    Result<HttpAnswer> ask(HttpRequest request = get()) {
        return testing::run(io, client->exchange(std::move(request)));
    }
    // The words of the failure; the test fails where there was none.
    std::string failure(Errc code, HttpRequest request = get()) {
        const auto answer = ask(std::move(request));
        if (answer.has_value()) {
            ADD_FAILURE() << "answered " << answer.value().status;
            return {};
        }
        EXPECT_EQ(to_string(answer.error().code()), to_string(code)) << answer.error().message();
        return answer.error().message();
    }
    void close() { testing::run(io, closed(*client)); }
    static asio::awaitable<bool> closed(HttpsClient& client) {
        co_await client.close();
        co_return true;
    }

    TlsGround ground;
    asio::io_context io;
    SystemTimeSource time;
    std::unique_ptr<HttpsClient> client;
};

}  // namespace agent::testing
