#pragma once
#include "async/time_source.hpp"

namespace agent {

class SystemTimeSource final : public TimeSource {
public:
    [[nodiscard]] WallTime wall_now() const override;
    [[nodiscard]] MonoTime mono_now() const override;
    [[nodiscard]] Duration since_boot() const override;
    [[nodiscard]] Task<> sleep_until(MonoTime when) override;
};

}  // namespace agent
