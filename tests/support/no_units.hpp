#pragma once
// A host without a service manager.
#include "host/units.hpp"

namespace agent::testing {

class NoUnits final : public UnitManager {
public:
    Task<UnitState> state(std::string) override { co_return Error{Errc::unreachable, "no service manager runs here"}; }
    Task<> restart(std::string, Duration) override {
        co_return Error{Errc::unreachable, "no service manager runs here"};
    }
};

}  // namespace agent::testing
