#pragma once
// Requests and answers as plain values: what the endpoints decide on, without sockets.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "model/ids.hpp"
#include "server/request_target.hpp"

namespace agent {

struct ApiRequest {
    std::string method;
    RequestTarget target;
    std::vector<std::string> site_headers;  // every X-Site-ID
    std::vector<std::string> host_headers;  // every X-Host-ID
    std::string content_type;
    std::string body;
};

struct ApiResponse {
    int status{200};
    std::string content_type{"application/json"};
    std::string body;
    std::string allow;  // of a 405
};

// Whose held polls an accepted order ends. `host_id` may be "*".
struct Audience {
    SiteId site_id;
    HostId host_id;
};

struct Reply {
    ApiResponse response;
    // Nothing to say yet: ask again when there may be, and give `response` after this time.
    std::optional<Duration> hold;
    std::optional<Audience> wake;
};

// RFC 9457 with the member `reason` (PROTOCOL.md section 6).
[[nodiscard]] ApiResponse problem(int status, std::string_view reason, std::string_view detail);

// The phrase of a status code (RFC 9110).
[[nodiscard]] std::string_view status_phrase(int status) noexcept;

// IMF-fixdate of RFC 9110: "Sun, 06 Nov 1994 08:49:37 GMT".
[[nodiscard]] std::string format_http_date(WallTime time);

}  // namespace agent
