#include "healing/window.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"

namespace agent {
namespace {

using Minutes = std::chrono::minutes;
constexpr int minutes_of_day = 24 * 60;

std::optional<int> parse_minute(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    int figures[4];
    int* next = figures;
    for (const std::size_t at : {0UL, 1UL, 3UL, 4UL}) {
        if (text[at] < '0' || text[at] > '9') return std::nullopt;
        *next++ = text[at] - '0';
    }
    const int hour = figures[0] * 10 + figures[1];
    const int minute = figures[2] * 10 + figures[3];
    if (hour > 23 || minute > 59) return std::nullopt;
    return hour * 60 + minute;
}

constexpr unsigned days_of_week = 7;
constexpr std::array<std::string_view, days_of_week> day_names{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr unsigned every_day = (1U << days_of_week) - 1;

std::optional<unsigned> parse_day(std::string_view name) {
    const auto* found = std::ranges::find(day_names, name);
    if (found == day_names.end()) return std::nullopt;
    return static_cast<unsigned>(found - day_names.begin());
}

// "Sat", or "Fri-Mon".
std::optional<unsigned> parse_days_of_one(std::string_view text) {
    const auto dash = text.find('-');
    const auto first = parse_day(text.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_day(text.substr(dash + 1));
    if (!first || !last) return std::nullopt;
    unsigned days{};
    for (auto day = *first;; day = (day + 1) % days_of_week) {
        days |= 1U << day;
        if (day == *last) return days;
    }
}

// "Mon-Fri,Sun".
std::optional<unsigned> parse_days(std::string_view text) {
    unsigned days{};
    for (;;) {
        const auto comma = text.find(',');
        const auto more = parse_days_of_one(text.substr(0, comma));
        if (!more) return std::nullopt;
        days |= *more;
        if (comma == std::string_view::npos) return days;
        text.remove_prefix(comma + 1);
    }
}

// What stands before the first blank, which is taken off with it.
std::string_view take_word(std::string_view& text) {
    const auto blank = text.find(' ');
    const auto word = text.substr(0, blank);
    text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
    return word;
}

}  // namespace

Result<MaintenanceWindow::Span> MaintenanceWindow::parse_span(std::string_view text) {
    Span span;
    auto rest = text;
    const auto days = parse_days(rest.substr(0, rest.find(' ')));
    span.days = days.value_or(every_day);
    if (days) take_word(rest);
    const bool has_zone = rest.find(' ') != std::string_view::npos;
    const auto hours = take_word(rest);
    const auto start = hours.size() == 11 && hours[5] == '-' ? parse_minute(hours.substr(0, 5)) : std::nullopt;
    const auto end = hours.size() == 11 ? parse_minute(hours.substr(6)) : std::nullopt;
    if (!start || !end)
        return Error{Errc::malformed,
                     "not a maintenance window: " + quoted(text, 64) +
                         "; write it like 02:00-04:00, 22:00-02:00 Europe/Berlin or Mon-Fri 22:00-02:00; Sat,Sun "
                         "00:00-00:00"};
    if (*start == *end && !days)
        return Error{Errc::malformed, "the maintenance window " + quoted(text, 64) +
                                          " begins and ends at the same time; write null for always"};
    span.start_minute = *start;
    span.end_minute = *end;
    if (has_zone) {
        AGENT_TRY(auto zone, TimeZone::load(rest));
        span.zone = std::make_shared<const TimeZone>(std::move(zone));
    }
    return span;
}

Result<MaintenanceWindow> MaintenanceWindow::parse(std::string_view text) {
    MaintenanceWindow window;
    window.text_ = std::string{text};
    for (auto rest = text;;) {
        const auto end = rest.find(';');
        AGENT_TRY(auto span, parse_span(rest.substr(0, end)));
        window.spans_.push_back(std::move(span));
        if (end == std::string_view::npos) return window;
        rest.remove_prefix(end + 1);
        if (rest.starts_with(' ')) rest.remove_prefix(1);
    }
}

bool MaintenanceWindow::Span::contains(WallTime time) const {
    const auto local = zone ? time + zone->offset_at(time) : time;
    const auto day = std::chrono::floor<std::chrono::days>(local);
    const auto minute = static_cast<int>(std::chrono::floor<Minutes>(local - day).count() % minutes_of_day);
    const auto opens_on = [this](std::chrono::sys_days date) {
        return (days >> std::chrono::weekday{date}.c_encoding() & 1U) != 0;
    };
    if (start_minute < end_minute) return minute >= start_minute && minute < end_minute && opens_on(day);
    return (minute >= start_minute && opens_on(day)) || (minute < end_minute && opens_on(day - std::chrono::days{1}));
}

bool MaintenanceWindow::contains(WallTime time) const {
    return std::ranges::any_of(spans_, [time](const Span& span) { return span.contains(time); });
}

WallTime MaintenanceWindow::next_opening(WallTime time) const {
    // Minute by minute, since offsets may change on the way: no zone has left out more than a day, so that a bit over
    // two weeks hold an opening, whatever its day.
    constexpr int most = 16 * minutes_of_day;
    WallTime minute = std::chrono::floor<Minutes>(time);
    bool open = contains(minute);
    for (int i = 0; i < most; ++i) {
        minute += Minutes{1};
        const bool was_open = open;
        open = contains(minute);
        if (open && !was_open) return minute;
    }
    return minute;
}

}  // namespace agent
