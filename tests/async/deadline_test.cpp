#include "async/deadline.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include "async/system_time_source.hpp"
#include "async/task_group.hpp"
#include "support/fake_time.hpp"
#include "support/run.hpp"

namespace agent {
namespace {

using namespace std::chrono_literals;
using testing::FakeTime;

Task<int> answer_after(TimeSource& time, Duration delay) {
    AGENT_CO_TRY(co_await time.sleep_for(delay));
    co_return 42;
}

Task<int> failing() { co_return Error{Errc::unreachable, "no route"}; }

// Steps the clock once everybody who waits has begun to.
void advance_later(asio::io_context& io, FakeTime& time, Duration by) {
    asio::post(io, [&io, &time, by] { asio::post(io, [&time, by] { time.advance(by); }); });
}

TEST(Deadline, GivesTheAnswerThatComesInTime) {
    asio::io_context io;
    FakeTime time;
    advance_later(io, time, 9s);
    EXPECT_EQ(testing::run(io, with_deadline(time, 10s, answer_after(time, 9s))).value(), 42);
    EXPECT_EQ(time.sleepers(), 0U);
}

TEST(Deadline, IsATimeOutAtItsVeryMoment) {
    asio::io_context io;
    FakeTime time;
    advance_later(io, time, 10s);
    const auto answer = testing::run(io, with_deadline(time, 10s, answer_after(time, 11s)));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(), (Error{Errc::timed_out, "no answer within 10 s"}));
    EXPECT_EQ(time.sleepers(), 0U);
}

TEST(Deadline, HandsOnAFailureAtOnce) {
    asio::io_context io;
    FakeTime time;
    const auto answer = testing::run(io, with_deadline(time, 10s, failing()));
    EXPECT_EQ(answer.error().code(), Errc::unreachable);
}

TEST(Deadline, TellsBeingStoppedFromATimeOut) {
    asio::io_context io;
    FakeTime time;
    std::optional<Error> seen;
    TaskGroup tasks{io.get_executor(), [](const std::string&, const Error&) {}};
    tasks.start("waits", [&]() -> Task<> {
        auto answer = co_await with_deadline(time, 10s, answer_after(time, 11s));
        seen = answer.error();
        co_return ok();
    });
    asio::post(io, [&] { asio::post(io, [&] { tasks.request_stop(); }); });
    io.run();
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->code(), Errc::cancelled);
    EXPECT_EQ(time.sleepers(), 0U);
}

TEST(SystemTimeSource, KeepsItsClocksApartAndGoing) {
    SystemTimeSource time;
    const auto mono = time.mono_now();
    const auto boot = time.since_boot();
    asio::io_context io;
    EXPECT_TRUE(testing::run(io, time.sleep_for(2ms)));
    EXPECT_GE(time.mono_now() - mono, 2ms);
    EXPECT_GE(time.since_boot() - boot, 1ms);
    EXPECT_GT(time.wall_now(), parse_rfc3339("2020-01-01T00:00:00Z").value());
}

}  // namespace
}  // namespace agent
