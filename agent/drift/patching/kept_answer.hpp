#pragma once
// Apt's last answer, kept as long as nothing that decides it has changed: asking costs seconds. Pure; the check keeps
// it in its notes.
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "drift/patching/apt_simulation.hpp"
#include "drift/patching/dpkg_view.hpp"
#include "model/value.hpp"

namespace agent {

struct KeptAnswer {
    std::string inputs;  // stamps of all that decided it
    WallTime made;
    AptSimulation simulation;
    DpkgView dpkg;
};

// Against whatever else might decide it, it is asked for anew after this time all the same.
inline constexpr Duration kept_for_most{std::chrono::hours{24}};
// More than this is not kept; a host with so many upgrades has other needs than speed.
inline constexpr std::size_t kept_upgrades_most = 2'000;

[[nodiscard]] bool still_holds(const KeptAnswer& answer, std::string_view inputs, WallTime now);

// Nothing where nothing was kept, or it cannot be read.
[[nodiscard]] std::optional<KeptAnswer> read_kept_answer(const Value* notes);
[[nodiscard]] Value write_kept_answer(const KeptAnswer& answer);

}  // namespace agent
