#include "async/wake.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "async/task_group.hpp"
#include "support/fake_time.hpp"

namespace agent {
namespace {

using namespace std::chrono_literals;

class Wakes : public ::testing::Test {
protected:
    // Waits once, for at most ten seconds, and notes how that ended.
    void wait_once() {
        tasks_.start("waiter", [this]() -> Task<> {
            auto woken = co_await wake_.wait_until(time_, time_.mono_now() + 10s);
            ended_ = woken.has_value() ? (woken.value() == Wake::Woken::rung ? "rung" : "time is up") : "stopped";
            co_return ok();
        });
        settle();
    }
    void settle() {
        io_.restart();
        io_.poll();
    }

    asio::io_context io_;
    testing::FakeTime time_;
    Wake wake_{io_.get_executor()};
    TaskGroup tasks_{io_.get_executor(), [](const std::string&, const Error&) {}};
    std::string ended_;
};

TEST_F(Wakes, EndTheWaitWhenTheyRing) {
    wait_once();
    EXPECT_EQ(ended_, "");
    wake_.ring();
    settle();
    EXPECT_EQ(ended_, "rung");
    EXPECT_EQ(time_.sleepers(), 0U);
}

TEST_F(Wakes, EndTheWaitWhenTimeIsUp) {
    wait_once();
    time_.advance(9s + 999ms);
    settle();
    EXPECT_EQ(ended_, "");
    time_.advance(1ms);
    settle();
    EXPECT_EQ(ended_, "time is up");
}

TEST_F(Wakes, RememberOneRingThatNobodyWaitedFor) {
    wake_.ring();
    wake_.ring();
    wait_once();
    EXPECT_EQ(ended_, "rung");
    ended_.clear();
    wait_once();
    EXPECT_EQ(ended_, "");
    time_.advance(10s);
    settle();
    EXPECT_EQ(ended_, "time is up");
}

TEST_F(Wakes, TellBeingStoppedFromTimeBeingUp) {
    wait_once();
    tasks_.request_stop();
    settle();
    EXPECT_EQ(ended_, "stopped");
    EXPECT_EQ(time_.sleepers(), 0U);
}

TEST_F(Wakes, LoseNoRingThatComesAsTimeIsUp) {
    wait_once();
    time_.advance(10s);
    wake_.ring();
    settle();
    const auto first = std::exchange(ended_, "");
    EXPECT_TRUE(first == "rung" || first == "time is up");
    if (first == "rung") return;
    wait_once();  // the ring is still to be heard
    EXPECT_EQ(ended_, "rung");
}

TEST_F(Wakes, WaitWithoutALimitUntilTheyRing) {
    bool rung = false;
    tasks_.start("waiter", [&]() -> Task<> {
        auto waited = co_await wake_.wait();
        rung = waited.has_value();
        co_return ok();
    });
    settle();
    EXPECT_FALSE(rung);
    wake_.ring();
    settle();
    EXPECT_TRUE(rung);
}

}  // namespace
}  // namespace agent
