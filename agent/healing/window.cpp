#include "healing/window.hpp"

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

}  // namespace

Result<MaintenanceWindow> MaintenanceWindow::parse(std::string_view text) {
    const auto space = text.find(' ');
    const auto hours = text.substr(0, space);
    const auto start = hours.size() == 11 && hours[5] == '-' ? parse_minute(hours.substr(0, 5)) : std::nullopt;
    const auto end = hours.size() == 11 ? parse_minute(hours.substr(6)) : std::nullopt;
    if (!start || !end)
        return Error{Errc::malformed, "not a maintenance window: " + quoted(text, 64) +
                                          "; write it like 02:00-04:00 or 22:00-02:00 Europe/Berlin"};
    if (*start == *end)
        return Error{Errc::malformed, "the maintenance window " + quoted(text, 64) +
                                          " begins and ends at the same time; write null for always"};
    MaintenanceWindow window;
    window.text_ = std::string{text};
    window.start_minute_ = *start;
    window.end_minute_ = *end;
    if (space != std::string_view::npos) {
        AGENT_TRY(auto zone, TimeZone::load(text.substr(space + 1)));
        window.zone_ = std::make_shared<const TimeZone>(std::move(zone));
    }
    return window;
}

bool MaintenanceWindow::contains(WallTime time) const {
    const auto local = zone_ ? time + zone_->offset_at(time) : time;
    const auto of_day = local - std::chrono::floor<std::chrono::days>(local);
    const auto minute = static_cast<int>(std::chrono::floor<Minutes>(of_day).count() % minutes_of_day);
    if (start_minute_ < end_minute_) return minute >= start_minute_ && minute < end_minute_;
    return minute >= start_minute_ || minute < end_minute_;
}

WallTime MaintenanceWindow::next_opening(WallTime time) const {
    // Minute by minute, since offsets may change on the way: no zone has left out more than a day, so that three hold
    // an opening.
    constexpr int most = 3 * minutes_of_day;
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
