#pragma once
// A time zone of the system's zone database, read once; afterwards pure. libstdc++ 12 has no zone database of its own,
// and the C library only knows the process's zone.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "healing/zone_rule.hpp"

namespace agent {

class TimeZone {
public:
    // "Europe/Berlin", below /usr/share/zoneinfo or /etc/zoneinfo. An unknown name is `not_found` and named.
    [[nodiscard]] static Result<TimeZone> load(std::string_view name);
    // A TZif file (RFC 8536), version 2 or later, or `malformed`.
    [[nodiscard]] static Result<TimeZone> parse(std::string_view bytes);

    // How far local time is ahead of UTC at `time`.
    [[nodiscard]] std::chrono::seconds offset_at(WallTime time) const;

private:
    struct Transition {
        std::int64_t at{};      // seconds since 1970
        std::int64_t offset{};  // from then on
    };
    std::int64_t first_offset_{};  // before the first transition
    std::vector<Transition> transitions_;
    std::optional<ZoneRule> rule_;  // after the last transition
};

}  // namespace agent
