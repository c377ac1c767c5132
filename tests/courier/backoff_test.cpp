#include "courier/backoff.hpp"

#include <gtest/gtest.h>

namespace agent {
namespace {

using namespace std::chrono_literals;

Backoff standard() { return Backoff{1s, 300s, 60s}; }

TEST(Backoff, DoublesFromTheBaseToTheCap) {
    auto backoff = standard();
    const std::vector<Duration> expected{1s, 2s, 4s, 8s, 16s, 32s, 64s, 128s, 256s, 300s, 300s};
    for (const auto delay : expected) EXPECT_EQ(backoff.failed(std::nullopt, 0.0, 0.0), delay);
}

TEST(Backoff, AddsTheJitterAfterTheCapSoThatAFleetAtTheCapStaysSpread) {
    auto backoff = standard();
    for (int n = 0; n < 20; ++n) static_cast<void>(backoff.failed(std::nullopt, 0.0, 0.0));
    EXPECT_EQ(backoff.failed(std::nullopt, 0.0, 0.0), 300s);
    EXPECT_EQ(backoff.failed(std::nullopt, 0.5, 0.0), 375s);
    EXPECT_EQ(backoff.failed(std::nullopt, 0.999, 0.0), 449'850ms);
}

TEST(Backoff, SpreadsOnlyTheFirstFailureAfterASuccessOverThePollInterval) {
    auto backoff = standard();
    EXPECT_EQ(backoff.failed(std::nullopt, 0.0, 0.5), 31s);
    EXPECT_EQ(backoff.failed(std::nullopt, 0.0, 0.5), 2s);
    backoff.succeeded();
    EXPECT_EQ(backoff.failures(), 0);
    EXPECT_EQ(backoff.failed(std::nullopt, 0.5, 0.25), 16'250ms);
}

TEST(Backoff, TakesRetryAfterAsALowerBoundAndBelievesItForAnHour) {
    auto backoff = standard();
    EXPECT_EQ(backoff.failed(20s, 0.0, 0.0), 20s);
    EXPECT_EQ(backoff.failed(1s, 0.0, 0.0), 2s) << "the own delay is longer";
    EXPECT_EQ(backoff.failed(Duration{24h}, 0.0, 0.0), 1h);
}

TEST(Backoff, GoesStraightToTheCapWhenRefusedAndNeverBelowIt) {
    auto backoff = standard();
    EXPECT_EQ(backoff.refused(std::nullopt, 0.0), 300s);
    EXPECT_EQ(backoff.refused(std::nullopt, 0.5), 375s);
    EXPECT_EQ(backoff.refused(10min, 0.0), 10min) << "Retry-After is a lower bound here too";
    EXPECT_EQ(backoff.failures(), 3);
    EXPECT_EQ(backoff.failed(std::nullopt, 0.0, 0.9), 8s) << "the fourth failure in a row";
}

TEST(Backoff, SurvivesAThousandFailuresAndALimitlessCap) {
    Backoff backoff{1s, Duration{std::chrono::days{365'000}}, 60s};
    Duration last{};
    for (int n = 0; n < 1'000; ++n) last = backoff.failed(std::nullopt, 0.0, 0.0);
    EXPECT_EQ(last, Duration{std::chrono::days{365'000}});
    EXPECT_EQ(backoff.failures(), 1'000);
}

TEST(Backoff, NeverExceedsACapBelowTheBase) {
    Backoff backoff{10s, 4s, 60s};
    EXPECT_EQ(backoff.failed(std::nullopt, 0.0, 0.0), 4s);
    EXPECT_EQ(backoff.failed(std::nullopt, 0.0, 0.0), 4s);
}

TEST(VaryInterval, StaysWithinTenPercentEitherWay) {
    EXPECT_EQ(vary_interval(60s, 0.0), 54s);
    EXPECT_EQ(vary_interval(60s, 0.5), 60s);
    EXPECT_EQ(vary_interval(60s, 0.999), 65'988ms);
}

}  // namespace
}  // namespace agent
