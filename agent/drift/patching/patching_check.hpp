#pragma once
// Security upgrades that wait to be installed, and how old the knowledge of them is. On Debian and its derivatives,
// from apt's own data; apt's lock is not taken and nothing is written.
#include <filesystem>
#include <optional>
#include <string>

#include "codec/schema.hpp"
#include "drift/check.hpp"
#include "drift/patching/patching_baseline.hpp"

namespace agent {

// Where apt is, and which system this is by its os-release.
struct AptHost {
    std::filesystem::path apt_get{"/usr/bin/apt-get"};
    std::filesystem::path lists{"/var/lib/apt/lists"};
    std::filesystem::path dpkg_status{"/var/lib/dpkg/status"};
    std::optional<std::string> system_id;  // ID
    std::string system_like;               // ID_LIKE
    [[nodiscard]] static AptHost of_this_machine();
};

class PatchingCheck final : public Check {
public:
    PatchingCheck(PatchingBaseline baseline, AptHost host) : baseline_{std::move(baseline)}, host_{std::move(host)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;

    [[nodiscard]] const PatchingBaseline& baseline() const noexcept { return baseline_; }

private:
    PatchingBaseline baseline_;
    AptHost host_;
};

[[nodiscard]] std::shared_ptr<const Check> read_patching(MapReader& reader, CheckName name);

}  // namespace agent
