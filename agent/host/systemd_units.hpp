#pragma once
#include "host/units.hpp"

namespace agent {

// org.freedesktop.systemd1 through sd-bus; the connection is made for each call.
class SystemdUnits final : public UnitManager {
public:
    explicit SystemdUnits(TimeSource& time) : time_{time} {}
    [[nodiscard]] Task<UnitState> state(std::string unit) override;
    [[nodiscard]] Task<> restart(std::string unit, Duration limit) override;

private:
    TimeSource& time_;
};

}  // namespace agent
