#include "orders/time_mark.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr WallTime noon{Duration{1'700'000'000'000}};
const std::string this_boot = "boot-2";

TEST(TimeMark, IsTheHostsClockUntilSomethingSignedIsSeen) {
    const TimeMark mark;
    EXPECT_EQ(mark.now(noon, seconds{5}), noon);
    EXPECT_FALSE(mark.clock_untrusted(noon, seconds{5}));
}

TEST(TimeMark, MovesToWhatIsSignedAndOnWithTheBootClock) {
    TimeMark mark;
    mark.move_to(noon, seconds{100}, this_boot);
    EXPECT_EQ(mark.at(seconds{100}), noon);
    EXPECT_EQ(mark.at(seconds{160}), noon + seconds{60});
}

TEST(TimeMark, RevivesNothingWhenTheClockIsSetBack) {
    TimeMark mark;
    mark.move_to(noon, seconds{100}, this_boot);
    EXPECT_EQ(mark.now(noon - seconds{3600}, seconds{160}), noon + seconds{60});
    EXPECT_EQ(mark.now(noon + seconds{61}, seconds{160}), noon + seconds{61});
}

TEST(TimeMark, IsNotPoisonedByAClockThatJumpedAheadOnce) {
    TimeMark mark;
    mark.move_to(noon, seconds{100}, this_boot);
    EXPECT_EQ(mark.now(noon + seconds{1'000'000}, seconds{101}), noon + seconds{1'000'000});
    EXPECT_EQ(mark.now(noon + seconds{2}, seconds{102}), noon + seconds{2});
}

TEST(TimeMark, NeverMovesBack) {
    TimeMark mark;
    mark.move_to(noon, seconds{100}, this_boot);
    mark.move_to(noon + seconds{9}, seconds{110}, this_boot);
    EXPECT_EQ(mark.at(seconds{110}), noon + seconds{10});
    EXPECT_EQ(mark.at(seconds{90}), noon);
}

TEST(TimeMark, RunsOnAfterARestartInTheSameBoot) {
    TimeMark before;
    before.move_to(noon, seconds{100}, this_boot);
    const TimeMark after{before.stored(seconds{150}), this_boot};
    EXPECT_EQ(after.at(seconds{160}), noon + seconds{60});
}

TEST(TimeMark, StandsAfterARebootUntilSomethingSignedMovesIt) {
    TimeMark before;
    before.move_to(noon, seconds{100}, "boot-1");
    TimeMark after{before.stored(seconds{150}), this_boot};
    EXPECT_EQ(after.at(seconds{9}), noon + seconds{50});
    EXPECT_EQ(after.at(seconds{9000}), noon + seconds{50});
    after.move_to(noon + seconds{50}, seconds{9000}, this_boot);  // no later than the mark: does not move it
    EXPECT_EQ(after.at(seconds{9001}), noon + seconds{50});
    after.move_to(noon + seconds{51}, seconds{9001}, this_boot);
    EXPECT_EQ(after.at(seconds{9002}), noon + seconds{52});
}

TEST(TimeMark, AStandingMarkDoesNotStartToRunWhenTheProcessRestarts) {
    const TimeMark standing{{noon, seconds{100}, "boot-1"}, this_boot};
    const TimeMark again{standing.stored(seconds{500}), this_boot};
    EXPECT_EQ(again.at(seconds{9000}), noon);
}

TEST(TimeMark, StandsWhereTheBootIsNotKnown) {
    TimeMark mark{{noon, seconds{100}, ""}, ""};
    EXPECT_EQ(mark.at(seconds{9000}), noon);
    mark.move_to(noon + seconds{1}, seconds{9000}, "");
    EXPECT_EQ(mark.at(seconds{9001}), noon + seconds{1});
}

TEST(TimeMark, DistrustsAClockMoreThanThirtySecondsBelowIt) {
    TimeMark mark;
    mark.move_to(noon, seconds{100}, this_boot);
    EXPECT_FALSE(mark.clock_untrusted(noon - seconds{30}, seconds{100}));
    EXPECT_TRUE(mark.clock_untrusted(noon - seconds{30} - milliseconds{1}, seconds{100}));
    EXPECT_TRUE(mark.clock_untrusted(noon - seconds{30}, seconds{100} + milliseconds{1}));
    EXPECT_FALSE(mark.clock_untrusted(noon + seconds{1'000'000}, seconds{100}));
}

TEST(TimeMark, StopsAtTheEndsOfTimeInsteadOfWrappingAround) {
    const TimeMark late{{WallTime::max(), Duration::min(), this_boot}, this_boot};
    EXPECT_EQ(late.at(Duration::max()), WallTime::max());
    EXPECT_EQ(late.now(noon, Duration::max()), WallTime::max());
    EXPECT_TRUE(late.clock_untrusted(WallTime::min(), Duration::max()));
    const TimeMark early{{WallTime::min(), Duration::max(), this_boot}, this_boot};
    EXPECT_EQ(early.at(Duration::min()), WallTime::min());
    EXPECT_FALSE(early.clock_untrusted(WallTime::max(), Duration::min()));
}

}  // namespace
}  // namespace agent
