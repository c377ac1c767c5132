#pragma once
// A host without a service manager.
#include "host/units.hpp"

namespace agent::testing {

class NoUnits final : public UnitManager {
public:
    Task<UnitState> state(std::string) override { co_return Error{Errc::unreachable, "no service manager runs here"}; }
    Task<> run_job(std::string, UnitJob, Duration) override { return nobody(); }
    Task<> enable(std::string) override { return nobody(); }
    Task<> disable(std::string) override { return nobody(); }

private:
    static Task<> nobody() { co_return Error{Errc::unreachable, "no service manager runs here"}; }
};

}  // namespace agent::testing
