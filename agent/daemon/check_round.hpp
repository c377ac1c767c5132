#pragma once
// One round of drift checks, and what of it deserves evidence.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/time_source.hpp"
#include "daemon/loaded_agent.hpp"
#include "daemon/order_clock.hpp"
#include "daemon/state_guard.hpp"
#include "drift/check.hpp"
#include "evidence/recorder.hpp"

namespace agent {

struct CheckRoundParts {
    StateStore& store;
    StateGuard& guard;
    TimeSource& time;
    ProcessRunner& processes;
    Recorder& recorder;
    OrderClock& clock;
    std::function<void()> evidence_written;
};

class CheckRounds {
public:
    CheckRounds(CheckRoundParts parts, std::shared_ptr<const LoadedAgent> loaded);

    // Runs all checks and stores results, changes and, when due, the heartbeat.
    [[nodiscard]] Task<> round();
    // The same every interval, until stopped.
    [[nodiscard]] Task<> run_forever();
    void change(std::shared_ptr<const LoadedAgent> loaded);

private:
    [[nodiscard]] Result<> store_results(const std::vector<CheckOutcome>& outcomes);
    [[nodiscard]] Result<> store_result(Transaction& transaction, const CheckOutcome& outcome);
    [[nodiscard]] Result<> heartbeat();
    [[nodiscard]] Result<> tell_alarm();
    [[nodiscard]] Result<> prune();

    CheckRoundParts parts_;
    std::shared_ptr<const LoadedAgent> loaded_;
    Checks checks_;
};

// Checks of `loaded`, run afresh for a runbook or a person: nothing is recorded. Names empty: all.
[[nodiscard]] Task<std::vector<CheckReport>> look_without_recording(std::shared_ptr<const LoadedAgent> loaded,
                                                                    StateStore* store, TimeSource& time,
                                                                    ProcessRunner& processes,
                                                                    std::vector<CheckName> names);

}  // namespace agent
