// Zone files, zone rules and maintenance windows. The first line is taken for a window and for a POSIX TZ string, and
// all for a zone file; its end says when.
#include <algorithm>
#include <array>
#include <cstring>

#include "fuzz/fuzz.hpp"
#include "healing/window.hpp"
#include "healing/zone_rule.hpp"

namespace {

using namespace agent;
using testing::must;

// A moment of the two centuries from 1900, told by the last bytes.
WallTime moment(std::string_view input) {
    std::array<char, 4> tail{};
    const auto size = std::min(input.size(), tail.size());
    std::copy_n(input.end() - static_cast<std::ptrdiff_t>(size), size, tail.begin());
    std::uint32_t number = 0;
    std::memcpy(&number, tail.data(), sizeof number);
    constexpr std::chrono::sys_days first = std::chrono::year{1900} / 1 / 1;
    return WallTime{first} + std::chrono::seconds{std::int64_t{number} * 3 / 2};
}

}  // namespace

void agent::testing::fuzz(std::string_view input) {
    const auto now = moment(input);
    if (const auto zone = TimeZone::parse(input); zone.has_value()) static_cast<void>(zone.value().offset_at(now));
    const auto line = first_line(input);
    if (const auto rule = ZoneRule::parse(line)) {
        constexpr std::int64_t day = 86'400;
        const auto offset = rule->offset_at(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
        must(offset > -8 * day && offset < 8 * day, "no zone is a week away");
    }
    if (const auto window = MaintenanceWindow::parse(line); window.has_value()) {
        const auto opening = window.value().next_opening(now);
        must(opening > now, "the next opening is to come");
        must(window.value().contains(opening), "the window contains its opening");
        must(window.value().text() == line, "the text stays");
    }
}
