#pragma once
#include <string>
#include <utility>

#include "host/units.hpp"

namespace agent {

// org.freedesktop.systemd1 through sd-bus; the connection is made for each call.
class SystemdUnits final : public UnitManager {
public:
    // `bus_address` as in DBUS_SYSTEM_BUS_ADDRESS ("unix:path=…"); empty: the system bus.
    explicit SystemdUnits(TimeSource& time, std::string bus_address = {})
        : time_{time}, bus_address_{std::move(bus_address)} {}
    [[nodiscard]] Task<UnitState> state(std::string unit) override;
    [[nodiscard]] Task<> run_job(std::string unit, UnitJob job, Duration limit) override;
    [[nodiscard]] Task<> enable(std::string unit) override;
    [[nodiscard]] Task<> disable(std::string unit) override;

private:
    TimeSource& time_;
    std::string bus_address_;
};

}  // namespace agent
