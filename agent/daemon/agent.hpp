#pragma once
// Wiring: the only place that names concrete parts. Builds the agent from its configuration and runs it.
#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "async/time_source.hpp"
#include "base/result.hpp"
#include "daemon/loaded_agent.hpp"

namespace agent {

class Agent {
public:
    // Takes the instance lock, opens the state (setting a damaged file aside), makes the evidence key at first start,
    // closes what a crash left half-done.
    [[nodiscard]] static Result<std::unique_ptr<Agent>> start(const asio::any_io_executor& executor, TimeSource& time,
                                                              std::shared_ptr<const LoadedAgent> loaded);
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;
    Agent(Agent&&) = delete;
    Agent& operator=(Agent&&) = delete;
    ~Agent();

    // Until SIGTERM or SIGINT (a second one ends the process at once). SIGHUP reloads all or nothing. An error is
    // something the daemon cannot live with; what it can is logged and tried again.
    [[nodiscard]] Task<> run();
    // One round of poll, execute, check, upload. All parts are tried, whatever fails.
    struct Round {
        std::optional<Error> failure;  // of the first part that failed
        std::vector<Error> refused;    // bundles that the server put into quarantine
    };
    [[nodiscard]] asio::awaitable<Round> run_once();

private:
    struct Parts;
    explicit Agent(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace agent
