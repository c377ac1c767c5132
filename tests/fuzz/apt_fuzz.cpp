// What apt prints and keeps: the simulation of an upgrade, Release files, dates of RFC 1123.
#include <algorithm>

#include "drift/patching/apt_lists.hpp"
#include "drift/patching/apt_simulation.hpp"
#include "fuzz/fuzz.hpp"

void agent::testing::fuzz(std::string_view input) {
    static_cast<void>(is_security_origin(input));
    static_cast<void>(parse_rfc1123(input));
    if (const auto release = parse_release(input); release.has_value())
        static_cast<void>(release.value().is_security());

    const auto simulation = parse_apt_simulation(input);
    if (simulation.has_error()) return must(simulation.error().code() == Errc::malformed, "a refusal is malformed");
    const auto& upgrades = simulation.value().security;
    const auto by_name = [](const PendingUpgrade& a, const PendingUpgrade& b) { return a.package < b.package; };
    must(std::is_sorted(upgrades.begin(), upgrades.end(), by_name), "security upgrades come by name");
    for (const auto& upgrade : upgrades) must(!upgrade.package.empty(), "an upgrade is of a package");
}
