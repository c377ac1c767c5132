#include "async/task_group.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <stdexcept>

#include "support/fake_time.hpp"

namespace agent {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TaskGroups : public ::testing::Test {
protected:
    asio::io_context io_;
    testing::FakeTime time_;
    std::vector<std::string> failures_;
    TaskGroup tasks_{io_.get_executor(), [this](const std::string& task, const Error& error) {
                         failures_.push_back(task + ": " + error.message());
                     }};
};

TEST_F(TaskGroups, ReportTheFailureOfATaskByItsName) {
    tasks_.start("fine", []() -> Task<> { co_return ok(); });
    tasks_.start("courier", []() -> Task<> { co_return Error{Errc::unreachable, "no route"}; });
    tasks_.start("checks", []() -> Task<> {
        throw std::runtime_error{"thrown"};
        co_return ok();
    });
    EXPECT_EQ(tasks_.running(), 3U);
    io_.run();
    EXPECT_EQ(tasks_.running(), 0U);
    EXPECT_THAT(failures_, ElementsAre("courier: no route", "checks: thrown"));
}

TEST_F(TaskGroups, KeepWhatATaskCaptured) {
    std::string seen;
    {
        const std::string text(100, 'x');
        tasks_.start("captures", [this, &seen, text]() -> Task<> {
            AGENT_CO_TRY(co_await time_.sleep_for(1s));
            seen = text;
            co_return ok();
        });
    }
    io_.poll();
    time_.advance(1s);
    io_.restart();
    io_.run();
    EXPECT_EQ(seen, std::string(100, 'x'));
}

TEST_F(TaskGroups, StopEveryTaskWithoutCallingThatAFailure) {
    for (const auto* name : {"a", "b", "c"}) tasks_.start(name, [this]() -> Task<> { return time_.sleep_for(1h); });
    io_.poll();
    EXPECT_EQ(time_.sleepers(), 3U);
    tasks_.request_stop();
    io_.restart();
    io_.run();
    EXPECT_EQ(tasks_.running(), 0U);
    EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(TaskGroups, AreJoinedOnlyWhenTheLastTaskHasEnded) {
    bool joined = false;
    tasks_.start("short", [this]() -> Task<> { return time_.sleep_for(1s); });
    tasks_.start("long", [this]() -> Task<> { return time_.sleep_for(2s); });
    const auto join = [this, &joined]() -> asio::awaitable<void> {
        co_await tasks_.join();
        joined = true;
    };
    asio::co_spawn(io_, join, asio::detached);
    const auto settle = [this] {
        io_.restart();
        io_.poll();
    };
    settle();
    time_.advance(1s);
    settle();
    EXPECT_FALSE(joined);
    EXPECT_EQ(tasks_.running(), 1U);
    time_.advance(1s);
    settle();
    EXPECT_TRUE(joined);
}

TEST_F(TaskGroups, JoinAtOnceWhereNothingRuns) {
    bool joined = false;
    const auto join = [this, &joined]() -> asio::awaitable<void> {
        co_await tasks_.join();
        joined = true;
    };
    asio::co_spawn(io_, join, asio::detached);
    io_.run();
    EXPECT_TRUE(joined);
}

void leave_a_task_behind() {
    asio::io_context io;
    TaskGroup tasks{io.get_executor(), [](const std::string&, const Error&) {}};
    tasks.start("left", []() -> Task<> { co_return ok(); });
}

TEST(TaskGroupDeathTest, EndsTheProgramRatherThanLeaveATaskWithoutItsOwner) { EXPECT_DEATH(leave_a_task_behind(), ""); }

}  // namespace
}  // namespace agent
