#include "courier/http_time.hpp"

#include <time.h>  // NOLINT(modernize-deprecated-headers): strptime, timegm

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace agent {

std::optional<WallTime> parse_http_date(std::string_view text) {
    static constexpr std::array forms{"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"};
    const std::string terminated{text};
    for (const auto* form : forms) {
        tm parts{};
        const char* end = strptime(terminated.c_str(), form, &parts);
        if (end == nullptr || *end != '\0') continue;
        return WallTime{std::chrono::seconds{timegm(&parts)}};
    }
    return std::nullopt;
}

std::optional<Duration> parse_retry_after(std::string_view text, WallTime now) {
    if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
        // Nobody waits for years: what does not fit is as long as what does.
        constexpr std::int64_t most_seconds = 1'000'000'000;
        std::int64_t seconds = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
        if (read.ec != std::errc{}) seconds = most_seconds;
        return std::chrono::seconds{std::min(seconds, most_seconds)};
    }
    const auto date = parse_http_date(text);
    if (!date) return std::nullopt;
    return std::max(Duration{0}, *date - now);
}

}  // namespace agent
