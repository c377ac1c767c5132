#include "drift/backup/backup_points.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace agent {
namespace {

constexpr std::size_t seconds_length = 19;  // "2026-11-21T14:03:13"
constexpr std::size_t zone_length = 6;      // "+02:00"

std::optional<int> two_digits(std::string_view text) {
    int number{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc{} || end != text.data() + text.size() || text.size() != 2) return std::nullopt;
    return number;
}

// "", "Z" or "+02:00": how far local time is ahead of UTC.
std::optional<Duration> offset_of(std::string_view zone) {
    if (zone.empty() || zone == "Z") return Duration{0};
    if (zone.size() != zone_length || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return std::nullopt;
    const auto hours = two_digits(zone.substr(1, 2));
    const auto minutes = two_digits(zone.substr(4));
    if (!hours || !minutes || *hours < 0 || *hours > 23 || *minutes < 0 || *minutes > 59) return std::nullopt;
    const Duration offset = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
    return zone[0] == '-' ? -offset : offset;
}

std::string_view take_fraction(std::string_view& text) {
    if (!text.starts_with('.')) return {};
    const auto end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    const auto fraction = text.substr(0, end);
    text.remove_prefix(end);
    return fraction;
}

}  // namespace

Result<WallTime> parse_tool_time(std::string_view text) {
    const Error no_time{Errc::malformed, "not a time: " + agent::quoted(text, 64)};
    auto rest = text.substr(std::min(text.size(), seconds_length));
    const auto fraction = take_fraction(rest);
    const auto offset = offset_of(rest);
    if (!offset || fraction.size() == 1) return no_time;
    constexpr std::size_t to_milliseconds = 4;  // ".362"
    const auto utc = std::string{text.substr(0, seconds_length)} + std::string{fraction.substr(0, to_milliseconds)};
    const auto time = parse_rfc3339(utc + 'Z');
    if (time.has_error()) return no_time;
    return time.value() - *offset;
}

void sort_by_time(std::vector<BackupPoint>& points) {
    std::stable_sort(points.begin(), points.end(),
                     [](const BackupPoint& a, const BackupPoint& b) { return a.time < b.time; });
}

}  // namespace agent
