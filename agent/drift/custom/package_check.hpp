#pragma once
// A Debian package of the operator's choice: installed or not, and in which version.
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/schema.hpp"
#include "drift/check.hpp"
#include "drift/custom/dpkg_status.hpp"

namespace agent {

struct PackageBaseline {
    CheckSettings common;
    std::string package;  // "name" or "name:arch"
    bool present{true};
    std::optional<std::string> version;  // exactly this
    std::optional<std::string> version_at_least;
};

struct PackageHost {
    std::filesystem::path dpkg_status{"/var/lib/dpkg/status"};
    std::optional<std::string> system_id;  // ID of os-release
    [[nodiscard]] static PackageHost of_this_machine();
};

class PackageCheck final : public Check {
public:
    PackageCheck(PackageBaseline baseline, PackageHost host) : baseline_{std::move(baseline)}, host_{std::move(host)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;
    [[nodiscard]] Task<Learnt> learn(CheckTools& tools) const override;

    [[nodiscard]] const PackageBaseline& baseline() const noexcept { return baseline_; }

private:
    PackageBaseline baseline_;
    PackageHost host_;
};

[[nodiscard]] std::shared_ptr<const Check> read_package_check(MapReader& keys, CheckName name);

// What `found`, every architecture of the package, means under `baseline`.
[[nodiscard]] CheckReport judge_package(const PackageBaseline& baseline, const std::vector<InstalledPackage>& found);

}  // namespace agent
