#pragma once
// What `apt-get --simulate` prints.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace agent {

struct PendingUpgrade {
    std::string package;    // with ":arch" where it is of a foreign architecture
    std::string installed;  // version
    std::string candidate;  // version
    friend bool operator==(const PendingUpgrade&, const PendingUpgrade&) = default;
};

struct AptSimulation {
    std::vector<PendingUpgrade> security;  // that a security archive offers, by name
    std::size_t others{};                  // upgrades that none does
};

// What becomes of one package.
struct AptChange {
    std::string package;  // with ":arch" where it is of a foreign architecture
    std::string from;     // version; empty: it is new
    std::string to;       // version; empty: it goes
    bool is_security{};   // a security archive offers it
    friend bool operator==(const AptChange&, const AptChange&) = default;
};

// True of an origin as apt prints it, "Label:Version/Suite": the label Debian-Security, or a suite that ends in
// "-security" (Ubuntu). The suite alone is not told by its whole name: it changes from stable- to oldstable-security.
[[nodiscard]] bool is_security_origin(std::string_view origin);

// In apt's order. `malformed` where the closing summary is missing, or the lines are fewer than it counts: half an
// answer is none.
[[nodiscard]] Result<std::vector<AptChange>> parse_apt_changes(std::string_view text);

// The same of a dist-upgrade, without what is new or goes.
[[nodiscard]] Result<AptSimulation> parse_apt_simulation(std::string_view text);

}  // namespace agent
