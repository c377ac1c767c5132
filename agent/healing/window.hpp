#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "healing/time_zone.hpp"

namespace agent {

// "02:00-04:00", UTC; "22:00-02:00" crosses midnight; "02:00-04:00 Europe/Berlin" names a zone of the system's zone
// database. Start and end are wall-clock times of that zone; the start is in, the end is not; equal ones are refused.
// Where clocks are put forward over the start, the window opens with the first moment that is in it; a window that lies
// wholly in the hour left out does not open that day, one that lies in the hour repeated opens twice.
class MaintenanceWindow {
public:
    [[nodiscard]] static Result<MaintenanceWindow> parse(std::string_view text);
    [[nodiscard]] bool contains(WallTime time) const;
    // The next opening after `time`, to the minute.
    [[nodiscard]] WallTime next_opening(WallTime time) const;
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
    std::shared_ptr<const TimeZone> zone_;  // null: UTC
    int start_minute_{};
    int end_minute_{};
};

}  // namespace agent
