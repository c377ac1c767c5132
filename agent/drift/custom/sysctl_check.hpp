#pragma once
// A setting of the running kernel, as /proc/sys shows it.
#include <filesystem>
#include <string>
#include <utility>

#include "codec/schema.hpp"
#include "drift/check.hpp"

namespace agent {

struct SysctlBaseline {
    CheckSettings common;
    std::string key;    // net.ipv4.ip_forward; with slashes where a name has a dot: net/ipv4/conf/eth0.1/forwarding
    std::string value;  // runs of blanks count as one
};

class SysctlCheck final : public Check {
public:
    explicit SysctlCheck(SysctlBaseline baseline, std::filesystem::path folder = "/proc/sys")
        : baseline_{std::move(baseline)}, folder_{std::move(folder)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;
    [[nodiscard]] Task<Learnt> learn(CheckTools& tools) const override;

private:
    SysctlBaseline baseline_;
    std::filesystem::path folder_;
};

[[nodiscard]] std::shared_ptr<const Check> read_sysctl_check(MapReader& keys, CheckName name);

}  // namespace agent
