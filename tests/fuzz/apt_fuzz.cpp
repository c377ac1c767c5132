// What apt, dpkg, NixOS and the kernel tell about patches: simulations of upgrades, Release files, dates of RFC 1123,
// installed packages, kernels, generations.
#include <algorithm>

#include "drift/patching/apt_lists.hpp"
#include "drift/patching/apt_simulation.hpp"
#include "drift/patching/dpkg_view.hpp"
#include "drift/patching/kernels.hpp"
#include "drift/patching/nixos_view.hpp"
#include "drift/patching/patching_notes.hpp"
#include "drift/patching/process_text.hpp"
#include "drift/patching/reboot_view.hpp"
#include "fuzz/fuzz.hpp"

void agent::testing::fuzz(std::string_view input) {
    static_cast<void>(is_security_origin(input));
    static_cast<void>(parse_rfc1123(input));
    if (const auto release = parse_release(input); release.has_value())
        static_cast<void>(release.value().is_security());

    static_cast<void>(parse_dpkg_status(input));
    static_cast<void>(parse_proc_version(input));
    static_cast<void>(parse_nixos_version(input));
    static_cast<void>(generation_number(input));
    static_cast<void>(unit_of_cgroup(input));
    static_cast<void>(start_ticks(input));
    static_cast<void>(parse_package_lines(input));
    static_cast<void>(read_patching_notes(input));

    const auto simulation = parse_apt_simulation(input);
    if (simulation.has_error()) return must(simulation.error().code() == Errc::malformed, "a refusal is malformed");
    const auto& upgrades = simulation.value().security;
    const auto by_name = [](const PendingUpgrade& a, const PendingUpgrade& b) { return a.package < b.package; };
    must(std::is_sorted(upgrades.begin(), upgrades.end(), by_name), "security upgrades come by name");
    for (const auto& upgrade : upgrades) must(!upgrade.package.empty(), "an upgrade is of a package");
}
