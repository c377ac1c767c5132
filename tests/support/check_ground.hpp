#pragma once
// The ground a check stands on in tests: real programs, a real clock, units of the test's choice, and tools that
// misbehave.
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/system_time_source.hpp"
#include "base/handle.hpp"
#include "drift/run_checks.hpp"
#include "host/posix_process_runner.hpp"
#include "support/run.hpp"
#include "support/temporary_directory.hpp"

namespace agent::testing {

// Units by name. What is not listed is not loaded, as the service manager says of a unit that does not exist.
class FakeUnits final : public UnitManager {
public:
    std::map<std::string, UnitState, std::less<>> units;
    bool reachable{true};

    [[nodiscard]] static UnitState active() { return with_state("active", "running"); }
    [[nodiscard]] static UnitState with_state(std::string active_state, std::string sub_state) {
        UnitState state;
        state.load_state = "loaded";
        state.active_state = std::move(active_state);
        state.sub_state = std::move(sub_state);
        return state;
    }

    Task<UnitState> state(std::string unit) override {
        if (!reachable) co_return Error{Errc::unreachable, "no service manager runs here"};
        const auto known = units.find(unit);
        if (known != units.end()) co_return known->second;
        auto missing = with_state("inactive", "dead");
        missing.load_state = "not-found";
        co_return missing;
    }
    Task<> run_job(std::string, UnitJob, Duration) override { return nothing(); }
    Task<> enable(std::string) override { return nothing(); }
    Task<> disable(std::string) override { return nothing(); }

private:
    static Task<> nothing() { co_return Error{Errc::refused, "a check changes nothing"}; }
};

class CheckGround {
public:
    // For a check of which one part hangs: the rest is looked at within it even on a busy machine.
    static constexpr Duration short_limit{2'000};

    asio::io_context io;
    SystemTimeSource time;
    PosixProcessRunner processes{time};
    FakeUnits units;
    std::optional<ServerClock> server_clock;
    std::string notes;  // what the check keeps from look to look
    TemporaryDirectory folder;

    // As a round does it: within `limit`, waivers and all.
    [[nodiscard]] CheckOutcome look_once(std::shared_ptr<const Check> check, Duration limit = Duration{20'000}) {
        Baseline baseline;
        baseline.checks.push_back(std::move(check));
        RoundParts parts{time,   processes, units, limit, server_clock, [this](const CheckName&) { return notes; },
                         nullptr};
        auto outcomes = run(io, run_checks(baseline, {}, std::move(parts)));
        auto outcome = std::move(outcomes.value().at(0));
        notes = outcome.notes;
        return outcome;
    }
    [[nodiscard]] CheckReport look(std::shared_ptr<const Check> check, Duration limit = Duration{20'000}) {
        return look_once(std::move(check), limit).report;
    }

    // A program of the test's own.
    std::filesystem::path program(const std::filesystem::path& name, const std::string& script) const {
        auto file = folder.write(name, "#!/bin/sh\n" + script + "\n");
        ::chmod(file.c_str(), 0755);
        return file;
    }
    // Never ends, nor does its child; both are noted for all_gone().
    std::filesystem::path hanging_program(const std::filesystem::path& name) const {
        const auto pids = (folder.path() / "pids").native();
        return program(name, "echo $$ >>" + pids + "; sleep 1000 & echo $! >>" + pids + "; wait");
    }
    std::filesystem::path flooding_program(const std::filesystem::path& name) const {
        return program(name, "yes $(head -c 1000 /dev/zero | tr '\\0' x) | head -c 100000000");
    }
    // What was killed takes a moment to be gone, and whoever inherits it a moment more to reap it.
    [[nodiscard]] bool all_gone() const {
        std::ifstream pids{folder.path() / "pids"};
        std::size_t noted = 0;
        for (pid_t pid{}; pids >> pid; ++noted) {
            const Descriptor process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
            pollfd ended{process.get(), POLLIN, 0};
            if (process.valid() && ::poll(&ended, 1, 1'000) != 1) return false;
        }
        return noted > 0;
    }
};

// Condition to result, of every finding.
[[nodiscard]] inline std::map<std::string, CheckResult> results_of(const CheckReport& report) {
    std::map<std::string, CheckResult> results;
    for (const auto& finding : report.findings) results[finding.condition] = finding.result;
    return results;
}
[[nodiscard]] inline const Finding& finding_of(const CheckReport& report, std::string_view condition) {
    for (const auto& finding : report.findings)
        if (finding.condition == condition) return finding;
    throw std::out_of_range{"the report has no finding " + std::string{condition}};
}

}  // namespace agent::testing
