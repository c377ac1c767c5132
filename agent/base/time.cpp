#include "base/time.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <limits>

namespace agent {
namespace {

using namespace std::chrono;

struct Unit {
    std::string_view suffix;
    std::int64_t milliseconds;
};
constexpr std::array units{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                           Unit{"ms", 1}};

// Digits only: from_chars alone would take a sign.
bool read_digits(std::string_view text, int& value) {
    for (const char c : text)
        if (c < '0' || c > '9') return false;
    return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{};
}

}  // namespace

std::string format_rfc3339(WallTime time) {
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{time - day};
    std::array<char, 48> text{};
    const int size =
        std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    return {text.data(), static_cast<std::size_t>(size)};
}

Result<WallTime> parse_rfc3339(std::string_view text) {
    const Error bad{Errc::malformed, "not a time like 2026-01-31T09:30:00Z"};
    if (text.size() < 20 || text.size() > 24 || text.back() != 'Z') return bad;
    if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') return bad;
    int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0, ms = 0;
    if (!read_digits(text.substr(0, 4), y) || !read_digits(text.substr(5, 2), mo) || !read_digits(text.substr(8, 2), d))
        return bad;
    if (!read_digits(text.substr(11, 2), h) || !read_digits(text.substr(14, 2), mi) ||
        !read_digits(text.substr(17, 2), s))
        return bad;
    if (text.size() > 20) {
        const auto decimals = text.substr(20, text.size() - 21);
        if (text[19] != '.' || decimals.empty() || !read_digits(decimals, ms)) return bad;
        for (auto digits = decimals.size(); digits < 3; ++digits) ms *= 10;
    }
    const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
    if (!date.ok() || h > 23 || mi > 59 || s > 59) return bad;
    return WallTime{sys_days{date}} + hours{h} + minutes{mi} + seconds{s} + milliseconds{ms};
}

Result<Duration> parse_duration(std::string_view text) {
    const auto end_of_number = text.find_first_not_of("0123456789");
    std::int64_t number = 0;
    if (end_of_number == 0 || end_of_number == std::string_view::npos ||
        std::from_chars(text.data(), text.data() + end_of_number, number).ec != std::errc{})
        return Error{Errc::malformed, "not a duration: write an integer and one of ms s m h d, for example 60s"};
    for (const auto& unit : units)
        if (text.substr(end_of_number) == unit.suffix) {
            if (number > std::numeric_limits<std::int64_t>::max() / 1'000 / unit.milliseconds)
                return Error{Errc::malformed, "duration is too long"};
            return Duration{number * unit.milliseconds};
        }
    return Error{Errc::malformed, "unknown unit of time: use one of ms s m h d, for example 60s"};
}

std::string format_duration(Duration duration) {
    if (duration.count() == 0) return "0s";
    for (const auto& unit : units)
        if (duration.count() % unit.milliseconds == 0)
            return std::to_string(duration.count() / unit.milliseconds) + std::string{unit.suffix};
    return std::to_string(duration.count()) + "ms";
}

std::string describe_duration(Duration duration) {
    auto left = duration.count() < 0 ? -duration.count() : duration.count();
    std::string text;
    int parts = 0;
    for (const auto& unit : units) {
        const auto count = left / unit.milliseconds;
        left %= unit.milliseconds;
        if (count == 0 && parts == 0) continue;
        if (parts == 2 || (parts == 1 && (count == 0 || unit.suffix == "ms"))) break;
        if (parts++ > 0) text += ' ';
        text += std::to_string(count) + ' ' + std::string{unit.suffix};
    }
    return text.empty() ? "0 s" : text;
}

}  // namespace agent
