#pragma once
// Whether a service keeps falling over: each time the service manager starts it again, and its state reads active.
// Pure; the check keeps it in its notes.
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "host/units.hpp"
#include "model/value.hpp"

namespace agent {

struct Restarts {
    std::optional<std::uint32_t> counted;  // nothing: never looked
    std::string invocation;
    std::optional<WallTime> grew;  // when we last saw that there were more
    friend bool operator==(const Restarts&, const Restarts&) = default;
};

// The counter begins anew when somebody starts the service by hand, or at boot; what it counts since is new as well.
// What was counted before our first look is of unknown age and is not held against the service.
[[nodiscard]] Restarts look_again(const Restarts& before, const UnitState& unit, WallTime now);
[[nodiscard]] bool is_flapping(const Restarts& restarts, Duration window, WallTime now);

// As a member of the check's notes; what cannot be read is as if we had never looked.
[[nodiscard]] Restarts read_restarts(const Value* notes);
[[nodiscard]] Value write_restarts(const Restarts& restarts);

}  // namespace agent
