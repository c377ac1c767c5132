#pragma once
// The rule that a zone follows after its last listed transition: a POSIX TZ string as it stands at the end of a TZif
// file (RFC 8536, section 3.3), "CET-1CEST,M3.5.0,M10.5.0/3".
#include <cstdint>
#include <optional>
#include <string_view>

namespace agent {

// A day of every year, and the second of it (wall clock before the change; -167 h to 167 h).
struct YearlyChange {
    enum class Form : std::uint8_t { month_week_day, day_without_leap, day_with_leap };
    Form form{Form::month_week_day};
    int month{};  // 1 to 12
    int week{};   // 1 to 5; 5 is the last
    int day{};    // weekday from Sunday = 0; or the day of the year: 1 to 365 without, 0 to 365 with leap days
    std::int64_t second{7200};
};

class ZoneRule {
public:
    // Nothing if `text` is no such string.
    [[nodiscard]] static std::optional<ZoneRule> parse(std::string_view text);
    // Seconds that local time is ahead of UTC at `utc_second` since 1970.
    [[nodiscard]] std::int64_t offset_at(std::int64_t utc_second) const;

private:
    std::int64_t standard_{};
    std::int64_t summer_{};
    bool has_summer_{false};
    YearlyChange summer_starts_;
    YearlyChange summer_ends_;
};

}  // namespace agent
