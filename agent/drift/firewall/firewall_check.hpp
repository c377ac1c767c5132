#pragma once
// The packet filter of this host against the one that was approved, rule by rule.
#include <utility>

#include "codec/schema.hpp"
#include "drift/check.hpp"
#include "drift/firewall/firewall_baseline.hpp"
#include "drift/firewall/firewall_view.hpp"

namespace agent {

class FirewallCheck final : public Check {
public:
    FirewallCheck(FirewallBaseline baseline, FirewallHost host)
        : baseline_{std::move(baseline)}, host_{std::move(host)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;
    [[nodiscard]] Task<Learnt> learn(CheckTools& tools) const override;

    [[nodiscard]] const FirewallBaseline& baseline() const noexcept { return baseline_; }

private:
    FirewallBaseline baseline_;
    FirewallHost host_;
};

[[nodiscard]] std::shared_ptr<const Check> read_firewall(MapReader& keys, CheckName name);

}  // namespace agent
