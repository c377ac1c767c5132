#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "healing/time_zone.hpp"

namespace agent {

// "02:00-04:00", UTC; "22:00-02:00" crosses midnight; "02:00-04:00 Europe/Berlin" names a zone of the system's zone
// database; "Mon-Fri 22:00-02:00" and "Sat,Sun 00:00-00:00" open on these days of that zone only, and the latter for
// the whole of them. Several are parted by ";", each with its own days and zone. Start and end are wall-clock times;
// the start is in, the end is not; equal ones are refused where no day is named. Where clocks are put forward over the
// start, the window opens with the first moment that is in it; a window that lies wholly in the hour left out does not
// open that day, one that lies in the hour repeated opens twice.
class MaintenanceWindow {
public:
    [[nodiscard]] static Result<MaintenanceWindow> parse(std::string_view text);
    [[nodiscard]] bool contains(WallTime time) const;
    // The next opening after `time`, to the minute.
    [[nodiscard]] WallTime next_opening(WallTime time) const;
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    struct Span {
        unsigned days{};  // bit n: it opens on day n of the week, from Sunday
        int start_minute{};
        int end_minute{};
        std::shared_ptr<const TimeZone> zone;  // null: UTC
        [[nodiscard]] bool contains(WallTime time) const;
    };
    [[nodiscard]] static Result<Span> parse_span(std::string_view text);

    std::string text_;
    std::vector<Span> spans_;
};

}  // namespace agent
