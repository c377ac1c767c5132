#pragma once
// Carries envelopes in and bundles out: polling and uploading, each with its own connection and its own back-off.
#include <memory>
#include <vector>

#include "async/time_source.hpp"
#include "config/agent_settings.hpp"
#include "courier/core_port.hpp"

namespace agent {

struct CourierIdentity {
    SiteId site_id;
    HostId host_id;
    DeploymentMode deployment_mode{DeploymentMode::direct};
    std::optional<std::string> reseller_id;
    std::string version;  // User-Agent: compliance-agent/<version>
};

class Courier {
public:
    Courier(const asio::any_io_executor& executor, TimeSource& time, CorePort& core, ServerSettings settings,
            CourierIdentity identity);
    Courier(Courier&&) = delete;
    Courier& operator=(Courier&&) = delete;
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;
    ~Courier();

    // Loops until stopped (`cancelled`), for a TaskGroup.
    [[nodiscard]] Task<> poll_forever();
    [[nodiscard]] Task<> upload_forever();

    // `run --once`: one poll without holding (and further ones while the server says `more`); then uploads until the
    // queue is empty or one fails.
    [[nodiscard]] Task<> poll_once();
    [[nodiscard]] Task<> upload_all();
    // Of the last upload_all(), the bundles that went into quarantine: which, and why.
    [[nodiscard]] const std::vector<Error>& refused() const noexcept;

    // After a reload; connections are made anew where something changed.
    void change_settings(ServerSettings settings, CourierIdentity identity);

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace agent
