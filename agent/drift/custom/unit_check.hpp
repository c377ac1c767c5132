#pragma once
// A unit of the operator's choice: running or not, started at boot or not.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "codec/schema.hpp"
#include "drift/check.hpp"

namespace agent {

struct UnitBaseline {
    CheckSettings common;
    std::string unit;
    std::optional<bool> active;
    // true, false, or one of systemd's own words, which is then meant literally.
    std::optional<std::string> enabled;
};

class UnitCheck final : public Check {
public:
    explicit UnitCheck(UnitBaseline baseline) : baseline_{std::move(baseline)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;
    [[nodiscard]] Task<Learnt> learn(CheckTools& tools) const override;

    [[nodiscard]] const UnitBaseline& baseline() const noexcept { return baseline_; }

private:
    UnitBaseline baseline_;
};

[[nodiscard]] std::shared_ptr<const Check> read_unit_check(MapReader& keys, CheckName name);

// What the service manager's answer means under `baseline`.
[[nodiscard]] CheckReport judge_unit_check(const UnitBaseline& baseline, const Result<UnitState>& unit);

}  // namespace agent
