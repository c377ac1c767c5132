#pragma once
// Whether this host is patched. On Debian and its derivatives: security upgrades that wait to be installed and how old
// the knowledge of them is, by apt's own data; a reboot that is due; services on replaced libraries. On NixOS: which
// generation runs, how old it is, and whether it was booted. Nothing is changed or written.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "codec/schema.hpp"
#include "drift/check.hpp"
#include "drift/patching/apt_host.hpp"
#include "drift/patching/nixos_view.hpp"
#include "drift/patching/patching_baseline.hpp"
#include "drift/patching/patching_notes.hpp"
#include "drift/patching/reboot_view.hpp"

namespace agent {

// Which system this is by its os-release, and where everything lies.
struct PatchingHost {
    std::optional<std::string> system_id;  // ID
    std::string system_like;               // ID_LIKE
    AptHost apt;
    RebootHost reboot;
    NixosHost nixos;
    std::filesystem::path nixos_version{"/run/current-system/sw/bin/nixos-version"};
    std::filesystem::path proc{"/proc"};
    [[nodiscard]] static PatchingHost of_this_machine();
};

class PatchingCheck final : public Check {
public:
    PatchingCheck(PatchingBaseline baseline, PatchingHost host)
        : baseline_{std::move(baseline)}, host_{std::move(host)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;

    [[nodiscard]] const PatchingBaseline& baseline() const noexcept { return baseline_; }
    [[nodiscard]] const PatchingHost& host() const noexcept { return host_; }

private:
    [[nodiscard]] Task<CheckReport> look_at_debian(CheckTools& tools, std::string& notes) const;
    [[nodiscard]] Task<CheckReport> look_at_nixos_host(CheckTools& tools, std::string& notes) const;

    PatchingBaseline baseline_;
    PatchingHost host_;
};

[[nodiscard]] std::shared_ptr<const Check> read_patching(MapReader& reader, CheckName name);

}  // namespace agent
