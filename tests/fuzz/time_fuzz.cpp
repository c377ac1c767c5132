// Times and durations as text: RFC 3339, HTTP dates, Retry-After, "2h".
#include "base/time.hpp"
#include "courier/http_time.hpp"
#include "fuzz/fuzz.hpp"

void agent::testing::fuzz(std::string_view input) {
    if (const auto time = parse_rfc3339(input); time.has_value()) {
        const auto written = format_rfc3339(time.value());
        must(written.size() == 24, "exactly three decimals");
        must(parse_rfc3339(written).value() == time.value(), "a time that is written reads as the same");
    }
    if (const auto duration = parse_duration(input); duration.has_value()) {
        must(duration.value() >= Duration{0}, "no duration is negative");
        must(parse_duration(format_duration(duration.value())).value() == duration.value(),
             "a duration that is written reads as the same");
        must(!describe_duration(duration.value()).empty(), "a duration has words");
    }
    constexpr WallTime now{Duration{1'700'000'000'000}};
    if (const auto date = parse_http_date(input)) static_cast<void>(format_rfc3339(*date));
    if (const auto wait = parse_retry_after(input, now)) must(*wait >= Duration{0}, "nobody waits backwards");
}
