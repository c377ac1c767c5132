// Transitions are those that `zdump -v` lists.
#include "healing/window.hpp"

#include <gmock/gmock.h>

namespace agent {
namespace {

using ::testing::HasSubstr;

WallTime instant(std::string_view text) { return parse_rfc3339(text).value(); }
MaintenanceWindow window(std::string_view text) { return MaintenanceWindow::parse(text).value(); }

TEST(Window, HasItsStartButNotItsEnd) {
    const auto one = window("02:00-04:00");
    EXPECT_FALSE(one.contains(instant("2026-06-01T01:59:59.999Z")));
    EXPECT_TRUE(one.contains(instant("2026-06-01T02:00:00Z")));
    EXPECT_TRUE(one.contains(instant("2026-06-01T03:59:59.999Z")));
    EXPECT_FALSE(one.contains(instant("2026-06-01T04:00:00Z")));
}

TEST(Window, CrossesMidnight) {
    const auto one = window("22:00-02:00");
    for (const char* time :
         {"2026-06-01T22:00:00Z", "2026-06-01T23:59:59Z", "2026-06-01T00:00:00Z", "2026-06-01T01:59:59Z"})
        EXPECT_TRUE(one.contains(instant(time))) << time;
    for (const char* time : {"2026-06-01T21:59:59Z", "2026-06-01T02:00:00Z", "2026-06-01T12:00:00Z"})
        EXPECT_FALSE(one.contains(instant(time))) << time;
    EXPECT_EQ(one.next_opening(instant("2026-06-01T23:00:00Z")), instant("2026-06-02T22:00:00Z"));
    EXPECT_TRUE(window("22:00-00:00").contains(instant("2026-06-01T23:59:00Z")));
    EXPECT_FALSE(window("22:00-00:00").contains(instant("2026-06-01T00:00:00Z")));
}

TEST(Window, OpensNextAfterTheMomentGiven) {
    const auto one = window("02:00-04:00");
    EXPECT_EQ(one.next_opening(instant("2026-06-01T01:59:59.500Z")), instant("2026-06-01T02:00:00Z"));
    EXPECT_EQ(one.next_opening(instant("2026-06-01T02:00:00Z")), instant("2026-06-02T02:00:00Z"));
    EXPECT_EQ(one.next_opening(instant("2026-12-31T05:00:00Z")), instant("2027-01-01T02:00:00Z"));
}

TEST(Window, OpensOnTheDaysThatItNames) {
    // 2026-06-01 is a Monday.
    const auto nights = window("Mon-Fri 22:00-02:00");
    for (const char* time :
         {"2026-06-01T22:00:00Z", "2026-06-02T01:59:00Z", "2026-06-05T23:00:00Z", "2026-06-06T01:00:00Z"})
        EXPECT_TRUE(nights.contains(instant(time))) << time << ": it is of the day on which it opens";
    for (const char* time :
         {"2026-06-01T01:00:00Z", "2026-06-06T22:00:00Z", "2026-06-07T23:00:00Z", "2026-06-08T01:00:00Z"})
        EXPECT_FALSE(nights.contains(instant(time))) << time;
    EXPECT_EQ(nights.next_opening(instant("2026-06-05T22:30:00Z")), instant("2026-06-08T22:00:00Z"));

    const auto weekend = window("Sat,Sun 00:00-00:00");
    EXPECT_TRUE(weekend.contains(instant("2026-06-06T00:00:00Z")));
    EXPECT_TRUE(weekend.contains(instant("2026-06-07T23:59:59Z")));
    EXPECT_FALSE(weekend.contains(instant("2026-06-08T00:00:00Z")));
    EXPECT_FALSE(weekend.contains(instant("2026-06-05T23:59:59Z")));

    const auto over_the_week = window("Fri-Mon,Wed 10:00-11:00");
    for (const char* day : {"2026-06-05", "2026-06-06", "2026-06-07", "2026-06-08", "2026-06-10"})
        EXPECT_TRUE(over_the_week.contains(instant(std::string{day} + "T10:30:00Z"))) << day;
    for (const char* day : {"2026-06-02", "2026-06-04"})
        EXPECT_FALSE(over_the_week.contains(instant(std::string{day} + "T10:30:00Z"))) << day;
    // Sunday evening in UTC is Monday in Kiritimati.
    EXPECT_TRUE(window("Mon 02:00-04:00 Pacific/Kiritimati").contains(instant("2026-06-07T13:00:00Z")));
    EXPECT_EQ(window("Mon 02:00-04:00").next_opening(instant("2026-06-01T02:00:00Z")), instant("2026-06-08T02:00:00Z"));
}

TEST(Window, MayBeSeveralEachWithItsDaysAndZone) {
    const auto both = window("Mon-Fri 22:00-23:00 Europe/Berlin; Sat 06:00-12:00;Sun 01:00-02:00");
    EXPECT_TRUE(both.contains(instant("2026-06-01T20:30:00Z")));
    EXPECT_FALSE(both.contains(instant("2026-06-01T22:30:00Z")));
    EXPECT_TRUE(both.contains(instant("2026-06-06T11:00:00Z")));
    EXPECT_TRUE(both.contains(instant("2026-06-07T01:00:00Z")));
    EXPECT_EQ(both.next_opening(instant("2026-06-05T21:00:00Z")), instant("2026-06-06T06:00:00Z"));
    EXPECT_EQ(both.next_opening(instant("2026-06-06T06:00:00Z")), instant("2026-06-07T01:00:00Z"));
    EXPECT_EQ(both.text(), "Mon-Fri 22:00-23:00 Europe/Berlin; Sat 06:00-12:00;Sun 01:00-02:00");
}

TEST(Window, RefusesWhatIsNoWindowAndNamesIt) {
    for (const char* text : {"",
                             "02:00",
                             "2:00-4:00",
                             "02:00-24:00",
                             "02:60-04:00",
                             "02:00 - 04:00",
                             "02:00-04:00:00",
                             "02-00-04:00",
                             "0a:00-04:00",
                             "02:00-02:00",
                             "02:00-04:00 ",
                             "02:00-04:00 ../etc/passwd",
                             "02:00-04:00 /etc/localtime",
                             "02:00-04:00 Europe",
                             "02:00-04:00 zone.tab",
                             "02:00-04:00;",
                             ";02:00-04:00",
                             "02:00-04:00;  05:00-06:00",
                             "Mon",
                             "Mon ",
                             "mon 02:00-04:00",
                             "Monday 02:00-04:00",
                             "Mon- 02:00-04:00",
                             "Mon, 02:00-04:00",
                             "Mon-Tue-Wed 02:00-04:00",
                             "Mon  02:00-04:00",
                             "Mon;02:00-04:00",
                             "02:00-04:00 Mon"})
        EXPECT_TRUE(MaintenanceWindow::parse(text).has_error()) << text;
    EXPECT_THAT(MaintenanceWindow::parse("02:00-04:00 Europe/Atlantis").error().message(),
                HasSubstr("unknown time zone \"Europe/Atlantis\""));
}

TEST(Window, FollowsTheClockOnTheWall) {
    const auto berlin = window("02:00-04:00 Europe/Berlin");
    EXPECT_TRUE(berlin.contains(instant("2026-01-15T01:00:00Z")));
    EXPECT_FALSE(berlin.contains(instant("2026-01-15T03:00:00Z")));
    EXPECT_TRUE(berlin.contains(instant("2026-07-15T00:00:00Z")));
    EXPECT_FALSE(berlin.contains(instant("2026-07-15T02:00:00Z")));
}

TEST(Window, SkipsADayWhoseHourIsLeftOut) {
    // 2026-03-29: 02:00 CET is followed by 03:00 CEST, at 01:00Z.
    EXPECT_EQ(window("02:15-02:45 Europe/Berlin").next_opening(instant("2026-03-28T12:00:00Z")),
              instant("2026-03-30T00:15:00Z"));
    EXPECT_EQ(window("02:30-04:00 Europe/Berlin").next_opening(instant("2026-03-28T12:00:00Z")),
              instant("2026-03-29T01:00:00Z"));
    EXPECT_EQ(window("03:00-04:00 Europe/Berlin").next_opening(instant("2026-03-28T12:00:00Z")),
              instant("2026-03-29T01:00:00Z"));
}

TEST(Window, OpensTwiceInAnHourThatIsRepeated) {
    // 2026-10-25: 03:00 CEST is followed by 02:00 CET, at 01:00Z.
    const auto one = window("02:15-02:45 Europe/Berlin");
    EXPECT_EQ(one.next_opening(instant("2026-10-24T12:00:00Z")), instant("2026-10-25T00:15:00Z"));
    EXPECT_FALSE(one.contains(instant("2026-10-25T00:45:00Z")));
    EXPECT_EQ(one.next_opening(instant("2026-10-25T00:45:00Z")), instant("2026-10-25T01:15:00Z"));
}

TEST(Window, OpensAgainThoughAWholeDayWasLeftOut) {
    // Samoa went from the end of 29 to the start of 31 December 2011, at 10:00Z on the 30th.
    EXPECT_EQ(window("05:00-06:00 Pacific/Apia").next_opening(instant("2011-12-29T17:00:00Z")),
              instant("2011-12-30T15:00:00Z"));
}

struct Offset {
    const char* zone;
    const char* time;
    int seconds;
};

TEST(Zone, KnowsItsOffsetOnBothSidesOfEveryKindOfChange) {
    const Offset table[] = {
        {"UTC", "2026-01-01T00:00:00Z", 0},
        {"Europe/Berlin", "2026-03-29T00:59:59.999Z", 3600},
        {"Europe/Berlin", "2026-03-29T01:00:00Z", 7200},
        {"Europe/Berlin", "2026-10-25T00:59:59.999Z", 7200},
        {"Europe/Berlin", "2026-10-25T01:00:00Z", 3600},
        {"America/New_York", "2026-03-08T06:59:59Z", -18000},
        {"America/New_York", "2026-03-08T07:00:00Z", -14400},
        {"Asia/Kolkata", "2026-03-08T07:00:00Z", 19800},
        {"Australia/Sydney", "2026-01-01T00:00:00Z", 39600},
        {"Australia/Sydney", "2026-07-01T00:00:00Z", 36000},
        // Beyond the listed transitions, by the rule at the file's end.
        {"Europe/Berlin", "2090-03-26T00:59:59Z", 3600},
        {"Europe/Berlin", "2090-03-26T01:00:00Z", 7200},
        {"Australia/Sydney", "2090-01-01T00:00:00Z", 39600},
        {"Australia/Sydney", "2090-07-01T00:00:00Z", 36000},
        {"Asia/Kolkata", "2090-07-01T00:00:00Z", 19800},
        // Before the first: local mean time.
        {"Europe/Berlin", "1890-01-01T00:00:00Z", 3208},
    };
    for (const auto& row : table)
        EXPECT_EQ(TimeZone::load(row.zone).value().offset_at(instant(row.time)).count(), row.seconds)
            << row.zone << ' ' << row.time;
}

TEST(Zone, RefusesAFileThatIsDamagedAtAnyPlace) {
    EXPECT_TRUE(TimeZone::parse("").has_error());
    EXPECT_TRUE(TimeZone::parse("TZif").has_error());
    EXPECT_TRUE(TimeZone::parse("TZif2" + std::string(39, '\xff')).has_error());
    EXPECT_TRUE(TimeZone::parse("TZif2" + std::string(39, '\0')).has_error());
}

TEST(ZoneRule, ReadsEveryFormOfAPosixRule) {
    const auto second = [](const char* time) {
        return std::chrono::floor<std::chrono::seconds>(instant(time)).time_since_epoch().count();
    };
    EXPECT_EQ(ZoneRule::parse("<+0330>-3:30")->offset_at(0), 12600);
    EXPECT_EQ(ZoneRule::parse("XXX3:00:30")->offset_at(0), -10830);
    // J60 is 1 March in every year; 59 is 29 February in a leap year.
    const auto julian = ZoneRule::parse("AAA0BBB,J60/0,J300/0").value();
    EXPECT_EQ(julian.offset_at(second("2028-02-29T23:59:59Z")), 0);
    EXPECT_EQ(julian.offset_at(second("2028-03-01T00:00:00Z")), 3600);
    const auto counted = ZoneRule::parse("AAA0BBB,59/0,300/0").value();
    EXPECT_EQ(counted.offset_at(second("2028-02-28T23:59:59Z")), 0);
    EXPECT_EQ(counted.offset_at(second("2028-02-29T00:00:00Z")), 3600);
    // Greenland's kind: a change on the evening before, by a negative hour.
    const auto nuuk = ZoneRule::parse("<-02>2<-01>,M3.5.0/-1,M10.5.0/0").value();
    EXPECT_EQ(nuuk.offset_at(second("2026-03-29T00:59:59Z")), -7200);
    EXPECT_EQ(nuuk.offset_at(second("2026-03-29T01:00:00Z")), -3600);
    for (const char* text : {"", "A0", "AAA", "AAA0BBB", "AAA0BBB,", "AAA0BBB,M13.1.0,M1.1.0", "AAA0BBB,M1.6.0,M1.1.0",
                             "AAA0BBB,M1.1.7,M1.1.0", "AAA0BBB,J0,J1", "AAA0BBB,M3.5.0,M10.5.0x", "AAA25", "<>0"})
        EXPECT_FALSE(ZoneRule::parse(text)) << text;
}

}  // namespace
}  // namespace agent
