#pragma once
// The operator's calls to the order server, with the certificate of the configuration's server section.
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "async/system_time_source.hpp"
#include "config/agent_settings.hpp"
#include "courier/https_client.hpp"
#include "model/value.hpp"

namespace agent::cli {

class OperatorClient {
public:
    explicit OperatorClient(const AgentSettings& settings);

    // The answer's JSON. `refused` where the server said no: the message has its reason and detail; `not_found` for
    // 404.
    [[nodiscard]] Result<Value> get(const std::string& target);
    [[nodiscard]] Result<Value> post(const std::string& target, const std::string& json);
    void pause(Duration duration);
    [[nodiscard]] WallTime now() const { return time_.wall_now(); }

private:
    [[nodiscard]] Result<Value> exchange(HttpRequest request);
    asio::io_context loop_{1};
    SystemTimeSource time_;
    Duration timeout_;
    HttpsClient client_;
};

}  // namespace agent::cli
