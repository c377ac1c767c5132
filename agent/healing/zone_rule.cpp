#include "healing/zone_rule.hpp"

#include <chrono>

namespace agent {
namespace {

// Reads `text` from the front. A reading that fails says nothing and the whole string is refused.
class Cursor {
public:
    explicit Cursor(std::string_view text) : rest_{text} {}

    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    bool skip(char wanted) {
        if (!rest_.starts_with(wanted)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    // "CET", or "<+0330>".
    bool name() {
        if (skip('<')) {
            const auto end = rest_.find('>');
            if (end == std::string_view::npos || end == 0) return false;
            rest_.remove_prefix(end + 1);
            return true;
        }
        std::size_t letters = 0;
        while (letters < rest_.size() && is_letter(rest_[letters])) ++letters;
        rest_.remove_prefix(letters);
        return letters >= 3;
    }
    std::optional<int> number(int least, int most) {
        int value = 0;
        std::size_t digits = 0;
        while (digits < rest_.size() && digits < 4 && rest_[digits] >= '0' && rest_[digits] <= '9')
            value = value * 10 + (rest_[digits++] - '0');
        rest_.remove_prefix(digits);
        if (digits == 0 || value < least || value > most) return std::nullopt;
        return value;
    }
    // [+-]hh[:mm[:ss]] as seconds.
    std::optional<std::int64_t> clock(int most_hours) {
        const std::int64_t sign = skip('-') ? -1 : 1;
        if (sign == 1) skip('+');
        const auto hours = number(0, most_hours);
        if (!hours) return std::nullopt;
        std::int64_t seconds = std::int64_t{*hours} * 3600;
        for (const std::int64_t unit : {60, 1}) {
            if (!skip(':')) break;
            const auto part = number(0, 59);
            if (!part) return std::nullopt;
            seconds += *part * unit;
        }
        return sign * seconds;
    }
    [[nodiscard]] bool next_is(char wanted) const noexcept { return rest_.starts_with(wanted); }

private:
    [[nodiscard]] static bool is_letter(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
    std::string_view rest_;
};

std::optional<YearlyChange> read_change(Cursor& cursor) {
    YearlyChange change;
    if (cursor.skip('M')) {
        const auto month = cursor.number(1, 12);
        if (!month || !cursor.skip('.')) return std::nullopt;
        const auto week = cursor.number(1, 5);
        if (!week || !cursor.skip('.')) return std::nullopt;
        const auto day = cursor.number(0, 6);
        if (!day) return std::nullopt;
        change.month = *month;
        change.week = *week;
        change.day = *day;
    } else {
        const bool without_leap = cursor.skip('J');
        change.form = without_leap ? YearlyChange::Form::day_without_leap : YearlyChange::Form::day_with_leap;
        const auto day = cursor.number(without_leap ? 1 : 0, 365);
        if (!day) return std::nullopt;
        change.day = *day;
    }
    if (cursor.skip('/')) {
        const auto second = cursor.clock(167);
        if (!second) return std::nullopt;
        change.second = *second;
    }
    return change;
}

std::chrono::sys_days day_of(const YearlyChange& change, std::chrono::year year) {
    using namespace std::chrono;
    const sys_days first{year / January / 1};
    switch (change.form) {
        case YearlyChange::Form::month_week_day: {
            const auto in_month = year / month{static_cast<unsigned>(change.month)};
            const weekday wanted{static_cast<unsigned>(change.day)};
            if (change.week == 5) return sys_days{in_month / wanted[last]};
            return sys_days{in_month / wanted[static_cast<unsigned>(change.week)]};
        }
        case YearlyChange::Form::day_without_leap: {
            const bool after_february = year.is_leap() && change.day >= 60;
            return first + days{change.day - (after_february ? 0 : 1)};
        }
        case YearlyChange::Form::day_with_leap: return first + days{change.day};
    }
    return first;
}

std::int64_t moment_of(const YearlyChange& change, std::chrono::year year, std::int64_t offset_before) {
    const std::chrono::seconds midnight = day_of(change, year).time_since_epoch();
    return midnight.count() + change.second - offset_before;
}

}  // namespace

std::optional<ZoneRule> ZoneRule::parse(std::string_view text) {
    Cursor cursor{text};
    ZoneRule rule;
    if (!cursor.name()) return std::nullopt;
    const auto standard = cursor.clock(24);
    if (!standard) return std::nullopt;
    rule.standard_ = -*standard;  // POSIX counts westwards
    rule.summer_ = rule.standard_ + 3600;
    if (cursor.at_end()) return rule;

    rule.has_summer_ = true;
    if (!cursor.name()) return std::nullopt;
    if (!cursor.next_is(',')) {
        const auto summer = cursor.clock(24);
        if (!summer) return std::nullopt;
        rule.summer_ = -*summer;
    }
    if (!cursor.skip(',')) return std::nullopt;
    const auto starts = read_change(cursor);
    if (!starts || !cursor.skip(',')) return std::nullopt;
    const auto ends = read_change(cursor);
    if (!ends || !cursor.at_end()) return std::nullopt;
    rule.summer_starts_ = *starts;
    rule.summer_ends_ = *ends;
    return rule;
}

std::int64_t ZoneRule::offset_at(std::int64_t utc_second) const {
    if (!has_summer_) return standard_;
    using namespace std::chrono;
    const sys_seconds local{seconds{utc_second + standard_}};
    const year this_year = year_month_day{floor<days>(local)}.year();
    const auto starts = moment_of(summer_starts_, this_year, standard_);
    const auto ends = moment_of(summer_ends_, this_year, summer_);
    const bool summer = starts < ends ? utc_second >= starts && utc_second < ends   // north
                                      : utc_second >= starts || utc_second < ends;  // south: over the turn of the year
    return summer ? summer_ : standard_;
}

}  // namespace agent
