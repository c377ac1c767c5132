#pragma once
// Confirm or revert on this host: the timer is `compliance-agent revert` in a process of its own, started by a
// transient timer of systemd, or by us where no systemd runs.
#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "courier/courier.hpp"
#include "daemon/loaded_agent.hpp"
#include "healing/confirmation.hpp"
#include "host/child_process.hpp"

namespace agent {

[[nodiscard]] CourierIdentity courier_identity_of(const AgentSettings& settings);

class TimedRevert final : public Confirmation {
public:
    // Of the run that is `number` in the journal.
    TimedRevert(asio::any_io_executor executor, ProcessRunner& processes, TimeSource& time, AgentSettings settings,
                std::int64_t number);
    TimedRevert(TimedRevert&&) = delete;
    TimedRevert& operator=(TimedRevert&&) = delete;
    TimedRevert(const TimedRevert&) = delete;
    TimedRevert& operator=(const TimedRevert&) = delete;
    ~TimedRevert() override;  // the timer goes on unless it was disarmed

    [[nodiscard]] Task<> arm(Duration within) override;
    [[nodiscard]] Task<> reach_server(MonoTime end) override;
    [[nodiscard]] Task<> disarm() override;

private:
    [[nodiscard]] Task<> ask_systemd(std::string program, std::vector<std::string> arguments, Duration within);

    asio::any_io_executor executor_;
    ProcessRunner& processes_;
    TimeSource& time_;
    AgentSettings settings_;
    std::int64_t number_;
    std::string unit_;                   // of systemd's timer, without its suffix; empty: there is none
    std::optional<ChildProcess> child_;  // where we are the timer's parent
};

}  // namespace agent
