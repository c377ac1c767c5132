#include "courier/poll_pacing.hpp"

#include <gtest/gtest.h>

namespace agent {
namespace {

using namespace std::chrono_literals;

ServerSettings settings(Duration long_poll) {
    ServerSettings settings;
    settings.poll_interval = 60s;
    settings.long_poll = long_poll;
    settings.backoff_base = 1s;
    settings.backoff_cap = 300s;
    return settings;
}

constexpr PollStep at_once{};
constexpr PollStep plain(Duration delay) { return {delay, delay, false}; }

TEST(PollPacing, AsksForWholeSecondsAtLeastOneAndAtMostSixty) {
    EXPECT_EQ(PollPacing{settings(0s)}.hold(), 0s);
    EXPECT_EQ(PollPacing{settings(300ms)}.hold(), 1s);
    EXPECT_EQ(PollPacing{settings(2'900ms)}.hold(), 2s);
    EXPECT_EQ(PollPacing{settings(25s)}.hold(), 25s);
    EXPECT_EQ(PollPacing{settings(120s)}.hold(), 60s);
}

TEST(PollPacing, ComesBackAtOnceWhileTheServerHasMoreAndSomethingWasFresh) {
    PollPacing pacing{settings(25s)};
    EXPECT_EQ(pacing.answered({10, 1, true, 5ms}, 0.5), at_once);
    PollPacing unheld{settings(0s)};
    EXPECT_EQ(unheld.answered({10, 10, true, 5ms}, 0.5), at_once);
}

TEST(PollPacing, DoesNotSpinOnOffersThatAreAllKnown) {
    PollPacing pacing{settings(25s)};
    EXPECT_EQ(pacing.answered({10, 0, true, 5ms}, 0.5), (PollStep{200ms, 60s, true}));
    PollPacing unheld{settings(0s)};
    EXPECT_EQ(unheld.answered({10, 0, true, 5ms}, 0.5), plain(60s));
}

TEST(PollPacing, HoldsTheNextPollAtOnceAfterOneThatWasHeldInVain) {
    PollPacing pacing{settings(25s)};
    EXPECT_EQ(pacing.answered({0, 0, false, 25s}, 0.5), at_once);
    EXPECT_EQ(pacing.answered({0, 0, false, 24s}, 0.5), at_once);
}

TEST(PollPacing, WaitsTheIntervalWhereTheServerDoesNotHold) {
    PollPacing pacing{settings(25s)};
    EXPECT_EQ(pacing.answered({0, 0, false, 23'999ms}, 0.5), plain(60s));
    EXPECT_EQ(pacing.answered({0, 0, false, 5ms}, 0.0), plain(54s));
    PollPacing shortest{settings(1s)};
    EXPECT_EQ(shortest.answered({0, 0, false, 5ms}, 0.5), plain(60s)) << "an answer at once is not held for 1 s";
    EXPECT_EQ(shortest.answered({0, 0, false, 900ms}, 0.5), at_once);
}

TEST(PollPacing, WaitsForAnAcknowledgementAfterOffers) {
    PollPacing pacing{settings(25s)};
    EXPECT_EQ(pacing.answered({1, 1, false, 5ms}, 0.5), (PollStep{200ms, 60s, true}));
    PollPacing unheld{settings(0s)};
    EXPECT_EQ(unheld.answered({1, 1, false, 5ms}, 0.5), plain(60s));
}

TEST(PollPacing, BacksOffAfterFailuresUntilAnAnswerComes) {
    PollPacing pacing{settings(25s)};
    EXPECT_EQ(pacing.failed(std::nullopt, 0.0, 0.5), plain(31s));
    EXPECT_EQ(pacing.failed(std::nullopt, 0.0, 0.5), plain(2s));
    EXPECT_EQ(pacing.failed(90s, 0.0, 0.5), plain(90s));
    EXPECT_EQ(pacing.denied(std::nullopt, 0.0), plain(300s));
    EXPECT_EQ(pacing.failures(), 4);
    static_cast<void>(pacing.answered({0, 0, false, 25s}, 0.5));
    EXPECT_EQ(pacing.failures(), 0);
}

}  // namespace
}  // namespace agent
