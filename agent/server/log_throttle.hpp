#pragma once
// At most so many lines in a span of time, for what strangers can cause at will.
#include <cstdint>
#include <optional>
#include <utility>

#include "base/time.hpp"

namespace agent {

class LogThrottle {
public:
    LogThrottle(std::int64_t most, Duration span) : most_{most}, span_{span} {}

    // How many lines were held back since the last one that was let through; nothing: hold this one back too.
    [[nodiscard]] std::optional<std::int64_t> admit(MonoTime now) {
        if (!began_ || now - *began_ >= span_) {
            began_ = now;
            written_ = 0;
        }
        if (written_ >= most_) {
            ++held_back_;
            return std::nullopt;
        }
        ++written_;
        return std::exchange(held_back_, 0);
    }

private:
    std::int64_t most_;
    Duration span_;
    std::optional<MonoTime> began_;
    std::int64_t written_{};
    std::int64_t held_back_{};
};

}  // namespace agent
