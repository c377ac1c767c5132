#pragma once
// What both loops stand on, and each loop's own connection to the order server.
#include <cstdint>
#include <memory>
#include <string>

#include "async/wake.hpp"
#include "courier/courier.hpp"
#include "courier/https_client.hpp"

namespace agent {

struct CourierShared {
    asio::any_io_executor executor;
    TimeSource& time;
    CorePort& core;
    ServerSettings settings;
    CourierIdentity identity;
    std::uint64_t settings_version{0};
    std::uint64_t acknowledged{0};  // bundles since the start
    Wake poll_bell;                 // settings or `acknowledged` have changed
    Wake upload_bell;               // settings have changed
};

class ServerLine {
public:
    explicit ServerLine(CourierShared& shared) : shared_{&shared} {}

    // Starts over with the current settings where they have changed, or at the first call. True if it did.
    [[nodiscard]] asio::awaitable<bool> renew();
    [[nodiscard]] bool outdated() const noexcept { return !client_ || version_ != shared_->settings_version; }

    // Adds the headers of PROTOCOL.md section 6 and reports the answer's Date to the core. After renew().
    [[nodiscard]] Task<HttpAnswer> exchange(HttpRequest request);
    [[nodiscard]] asio::awaitable<void> close();

private:
    CourierShared* shared_;
    std::uint64_t version_{0};
    std::unique_ptr<HttpsClient> client_;
};

// The headers that every request of a host carries (PROTOCOL.md section 6).
void add_identity(HttpRequest& request, const CourierIdentity& identity);
[[nodiscard]] std::string user_agent_of(const CourierIdentity& identity);

// Ends the work of a loop, stopped or not: closes its connection cleanly and says how it went.
[[nodiscard]] Task<> run_and_close(Task<> work, ServerLine& line);

}  // namespace agent
