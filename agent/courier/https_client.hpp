#pragma once
// One kept-alive HTTP/1.1 connection over mutual TLS to the order server (PROTOCOL.md section 2). Beast and OpenSSL
// stay behind it. Also the operator's way to the server (`order submit`).
#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/time_source.hpp"
#include "config/agent_settings.hpp"

namespace agent {

struct HttpRequest {
    std::string method;
    std::string target;                                        // path and query, already percent-encoded
    std::vector<std::pair<std::string, std::string>> headers;  // beside Host and User-Agent
    std::string body;
    std::string content_type;
    Duration deadline{30'000};  // of the whole exchange, connecting included
    std::size_t answer_limit{1024UL * 1024UL};
};

struct HttpAnswer {
    int status{};
    std::string content_type;
    std::string body;
    std::optional<std::string> retry_after;  // as sent
    std::optional<std::string> date;
};

class HttpsClient {
public:
    HttpsClient(asio::any_io_executor executor, TimeSource& time, ServerSettings settings, std::string user_agent);
    HttpsClient(HttpsClient&&) = delete;
    HttpsClient& operator=(HttpsClient&&) = delete;
    HttpsClient(const HttpsClient&) = delete;
    HttpsClient& operator=(const HttpsClient&) = delete;
    ~HttpsClient();

    // Connects (through the proxy where one is set) unless a connection is open, and exchanges one message.
    // Certificate, key and CA files are looked at before each use: when they changed, the old connection is closed and
    // the new files are used; new files that do not fit together are an error and the old connection goes on serving.
    // A request on a kept connection that the server had closed meanwhile is tried once more on a new one.
    // Errors: `unreachable`, `timed_out`, `untrusted` (TLS: names certificate, reason, peer), `malformed`, `cancelled`.
    [[nodiscard]] Task<HttpAnswer> exchange(HttpRequest request);
    // close_notify, so that the session resumes; at most 2 s. Whoever was cancelled and still wants to close resets the
    // cancellation state of its coroutine first.
    [[nodiscard]] asio::awaitable<void> close();

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

// application/x-www-form-urlencoded and path percent-encoding of one component (RFC 3986: unreserved stay).
[[nodiscard]] std::string percent_encode(std::string_view component);

}  // namespace agent
