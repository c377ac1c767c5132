#pragma once
// One check: looks at the host, changes nothing, says exactly what it saw. A new check is a class of its own in a
// folder of its own, with the reader of its keys beside it, and one line in catalogue.cpp.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "async/time_source.hpp"
#include "base/port.hpp"
#include "drift/learnt.hpp"
#include "drift/round_facts.hpp"
#include "host/process_runner.hpp"
#include "host/units.hpp"
#include "model/check.hpp"

namespace agent {

// What every entry of the baseline may say, whatever its kind.
struct CheckSettings {
    CheckName name;
    Severity severity{Severity::high};  // of a drift that the check does not grade by itself
    std::optional<RunbookId> runbook;
    HealingMode heal{HealingMode::off};  // what a drift of it starts: `runbook`, or its plan
    int heal_line{};                     // of that key in the baseline, for faults that only the runbooks show
    Controls controls;
    std::optional<Duration> timeout;  // else checks.timeout
};

// The order server's authenticated clock, as the courier last saw it: information, never proof.
struct ServerClock {
    Duration ahead{};  // of ours; negative: ours is ahead
    WallTime seen;     // by our clock
};

// What a check may use.
struct CheckTools {
    ProcessRunner& processes;
    UnitManager& units;
    TimeSource& time;
    RoundFacts& facts;
    std::optional<ServerClock> server_clock;
    MonoTime due{MonoTime::max()};  // when the look is stopped

    // How long one question may take: at most `most`, and a little less than the look has left, so that whoever does
    // not answer can be named. At least a millisecond.
    [[nodiscard]] Duration patience(Duration most = std::chrono::hours{1}) const {
        constexpr Duration reserve_most{500};
        const auto left = due - time.mono_now();
        return std::clamp(left - std::min(left / 4, reserve_most), Duration{1}, most);
    }
};

class Check : public Port {
public:
    [[nodiscard]] virtual const CheckSettings& settings() const noexcept = 0;
    // `notes` is what this check kept from earlier runs (JSON; empty at first); it may change them. What could not be
    // determined is a finding with result `error` that names the reason and the missing right; nothing throws. An error
    // is for what kept it from looking at all.
    [[nodiscard]] virtual Task<CheckReport> look(CheckTools& tools, std::string& notes) const = 0;
    // For `check --explain`: what it looks at, why, and which control wants it.
    [[nodiscard]] virtual std::string explain() const = 0;
    // For `check --learn`: keys that declare in this check's section what this host is like now. Changes nothing. A
    // safeguard that the baseline demands stays demanded, whatever the host is like: that it is missing is a remark.
    // An error is for what kept it from looking at all.
    [[nodiscard]] virtual Task<Learnt> learn(CheckTools& tools) const;
};

}  // namespace agent
