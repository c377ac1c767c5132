#include "base/time.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace agent {
namespace {

using namespace std::chrono_literals;

TEST(Rfc3339, IsWrittenInUtcWithThreeDecimals) {
    EXPECT_EQ(format_rfc3339(WallTime{}), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(format_rfc3339(WallTime{Duration{1'700'000'000'123}}), "2023-11-14T22:13:20.123Z");
    EXPECT_EQ(format_rfc3339(WallTime{Duration{-1}}), "1969-12-31T23:59:59.999Z");
}

TEST(Rfc3339, ReadsBackWhatItWrites) {
    for (const auto* text : {"1970-01-01T00:00:00.000Z", "2000-02-29T23:59:59.999Z", "2026-01-31T09:30:00.250Z",
                             "9999-12-31T23:59:59.999Z", "0000-01-01T00:00:00.000Z"})
        EXPECT_EQ(format_rfc3339(parse_rfc3339(text).value()), text);
}

TEST(Rfc3339, TakesUpToThreeDecimals) {
    const auto second = parse_rfc3339("2026-01-31T09:30:00Z").value();
    EXPECT_EQ(parse_rfc3339("2026-01-31T09:30:00.5Z").value() - second, 500ms);
    EXPECT_EQ(parse_rfc3339("2026-01-31T09:30:00.05Z").value() - second, 50ms);
    EXPECT_EQ(parse_rfc3339("2026-01-31T09:30:00.005Z").value() - second, 5ms);
}

TEST(Rfc3339, RefusesEverythingElse) {
    for (const auto* text : {"",
                             "2026-01-31",
                             "2026-01-31T09:30:00",
                             "2026-01-31t09:30:00Z",
                             "2026-01-31T09:30:00z",
                             "2026-01-31 09:30:00Z",
                             "2026-01-31T09:30:00+00:00",
                             "2026-01-31T09:30:00.Z",
                             "2026-01-31T09:30:00.1234Z",
                             "2026-01-31T09:30:00,5Z",
                             "2026-01-31T09:30Z",
                             "2026-1-31T09:30:00Z",
                             "2026-01-31T9:30:00Z",
                             "2026-13-01T00:00:00Z",
                             "2026-00-01T00:00:00Z",
                             "2026-02-29T00:00:00Z",
                             "2026-04-31T00:00:00Z",
                             "2026-01-00T00:00:00Z",
                             "2026-01-31T24:00:00Z",
                             "2026-01-31T23:60:00Z",
                             "2016-12-31T23:59:60Z",
                             "-026-01-31T09:30:00Z",
                             "+026-01-31T09:30:00Z",
                             "2026-+1-31T09:30:00Z",
                             "2026-01-31T-9:30:00Z",
                             "2026-01-31T09:30:00.-5Z",
                             "2026-01-31T09:30:00.5 Z",
                             " 2026-01-31T09:30:00Z",
                             "2026-01-31T09:30:00Z ",
                             "2026-01-31T09:30:00Z\n",
                             "20260131T093000Z....."}) {
        const auto time = parse_rfc3339(text);
        ASSERT_FALSE(time) << text;
        EXPECT_EQ(time.error().code(), Errc::malformed);
    }
}

TEST(Durations, AreAnIntegerAndAUnit) {
    EXPECT_EQ(parse_duration("250ms").value(), 250ms);
    EXPECT_EQ(parse_duration("0s").value(), 0s);
    EXPECT_EQ(parse_duration("90s").value(), 90s);
    EXPECT_EQ(parse_duration("5m").value(), 5min);
    EXPECT_EQ(parse_duration("2h").value(), 2h);
    EXPECT_EQ(parse_duration("6d").value(), std::chrono::days{6});
    EXPECT_EQ(parse_duration("0000000000000000000000000000060s").value(), 60s);
}

TEST(Durations, OfAnyOtherFormAreRefused) {
    for (const auto* text : {"", "60", "s", "-5s", "+5s", "5 s", " 5s", "5s ", "5S", "1.5h", "5min", "1h30m", "5w",
                             "0x5s", "99999999999999999999s", "9223372036854775807d", "9223372036854775807s"})
        EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Durations, AreWrittenInTheLargestUnitThatIsExact) {
    for (const auto* text : {"0s", "1ms", "999ms", "90s", "5m", "61m", "2h", "25h", "6d"})
        EXPECT_EQ(format_duration(parse_duration(text).value()), text);
    EXPECT_EQ(format_duration(3600s), "1h");
    EXPECT_EQ(format_duration(1500ms), "1500ms");
}

TEST(Durations, AreDescribedInTwoUnits) {
    EXPECT_EQ(describe_duration(0s), "0 s");
    EXPECT_EQ(describe_duration(250ms), "250 ms");
    EXPECT_EQ(describe_duration(12s + 250ms), "12 s");
    EXPECT_EQ(describe_duration(90s), "1 m 30 s");
    EXPECT_EQ(describe_duration(2h), "2 h");
    EXPECT_EQ(describe_duration(76h + 5min), "3 d 4 h");
    EXPECT_EQ(describe_duration(24h + 5min), "1 d");
    EXPECT_EQ(describe_duration(-90s), "1 m 30 s");
}

}  // namespace
}  // namespace agent
