#pragma once
// One round of drift checks, and what of it deserves evidence.
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "async/time_source.hpp"
#include "daemon/loaded_agent.hpp"
#include "daemon/order_clock.hpp"
#include "daemon/state_guard.hpp"
#include "drift/run_checks.hpp"
#include "evidence/recorder.hpp"

namespace agent {

struct CheckRoundParts {
    StateStore& store;
    StateGuard& guard;
    TimeSource& time;
    ProcessRunner& processes;
    UnitManager& units;
    Recorder& recorder;
    OrderClock& clock;
    std::function<void()> evidence_written;
    std::function<void(const CheckReport&)> looked;  // as soon as a check has ended, whatever the others are doing
};

class CheckRounds {
public:
    CheckRounds(CheckRoundParts parts, std::shared_ptr<const LoadedAgent> loaded);

    // Runs all checks and stores results, changes and, when due, the heartbeat. A change is stored and told as soon as
    // its check has ended, whatever the others are doing.
    [[nodiscard]] Task<> round();
    // The same every interval, until stopped.
    [[nodiscard]] Task<> run_forever();
    // The heartbeat when it is due, however long a check takes; until stopped.
    [[nodiscard]] Task<> beat_forever();
    void change(std::shared_ptr<const LoadedAgent> loaded);

private:
    [[nodiscard]] RoundParts parts_of_round() const;
    void tell_offset(const CheckReport& report);
    [[nodiscard]] Result<bool> store_if_changed(const CheckOutcome& outcome);
    [[nodiscard]] Result<> store_rest(const std::vector<CheckOutcome>& outcomes, const std::set<CheckName>& stored);
    [[nodiscard]] Result<> store_result(Transaction& transaction, const CheckOutcome& outcome);
    [[nodiscard]] Result<> note_change(Transaction& transaction, const CheckReport& report);
    [[nodiscard]] Result<> heartbeat();
    [[nodiscard]] Result<> tell_alarm();
    [[nodiscard]] Result<> prune();

    CheckRoundParts parts_;
    std::shared_ptr<const LoadedAgent> loaded_;
};

// What a look that records nothing needs; `store`, where there is one, holds what checks remember.
struct LookParts {
    StateStore* store{};
    TimeSource& time;
    ProcessRunner& processes;
    UnitManager& units;
};

// Checks of `loaded`, run afresh for a runbook or a person: nothing is recorded. Names empty: all.
[[nodiscard]] Task<std::vector<CheckReport>> look_without_recording(std::shared_ptr<const LoadedAgent> loaded,
                                                                    LookParts parts, std::vector<CheckName> names);

}  // namespace agent
