#pragma once
// Names of the units that programs run in: they tell whose they are, so that what an agent that was killed left behind
// is known from what another process has under way.
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "host/process_runner.hpp"

namespace agent {

inline constexpr auto step_units_pattern = "compliance-agent-step-*.service";

// A process, told apart from a later one of the same number.
struct ProcessIdentity {
    pid_t number{};
    std::uint64_t started{};  // clock ticks since boot: starttime of proc_pid_stat(5)
    [[nodiscard]] bool operator==(const ProcessIdentity&) const = default;
};
// Nothing where there is no process of that number, or only what its parent has not asked about yet.
[[nodiscard]] std::optional<ProcessIdentity> identity_of(pid_t number);

struct StepUnit {
    ProcessIdentity owner;
    std::uint64_t serial{};  // counted by the owner
    WhenOrphaned when_orphaned{WhenOrphaned::ended};

    [[nodiscard]] std::string name() const;
    // Nothing where it is no such name.
    [[nodiscard]] static std::optional<StepUnit> parse(std::string_view name);
    [[nodiscard]] bool is_orphaned() const { return identity_of(owner.number) != owner; }
};

}  // namespace agent
