#pragma once
// Time that moves only when a test says so.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>

#include "async/time_source.hpp"

namespace agent::testing {

class FakeTime final : public TimeSource {
public:
    WallTime wall{Duration{1'700'000'000'000}};  // 2023-11-14T22:13:20Z
    MonoTime mono{Duration{1'000'000}};
    Duration boot{1'000'000};

    [[nodiscard]] WallTime wall_now() const override { return wall; }
    [[nodiscard]] MonoTime mono_now() const override { return mono; }
    [[nodiscard]] Duration since_boot() const override { return boot; }

    [[nodiscard]] Task<> sleep_until(MonoTime when) override {
        if (when <= mono) co_return ok();
        const auto executor = co_await asio::this_coro::executor;
        asio::steady_timer never{executor, asio::steady_timer::time_point::max()};
        const auto sleeper = sleepers_.insert(sleepers_.end(), Sleeper{when, &never, false});
        static_cast<void>(co_await never.async_wait(asio::as_tuple(asio::use_awaitable)));
        const bool due = sleeper->due;
        sleepers_.erase(sleeper);
        if (!due) co_return Error{Errc::cancelled, "stopped while sleeping"};
        co_return ok();
    }

    void advance(Duration by) {
        mono += by;
        wall += by;
        boot += by;
        for (auto& sleeper : sleepers_) {
            if (sleeper.due || sleeper.when > mono) continue;
            sleeper.due = true;
            sleeper.timer->cancel();
        }
    }

    [[nodiscard]] std::size_t sleepers() const noexcept { return sleepers_.size(); }
    // The earliest moment anybody sleeps until; only with sleepers.
    [[nodiscard]] MonoTime next_due() const {
        auto least = MonoTime::max();
        for (const auto& sleeper : sleepers_) least = sleeper.when < least ? sleeper.when : least;
        return least;
    }

private:
    struct Sleeper {
        MonoTime when;
        asio::steady_timer* timer;
        bool due;
    };
    std::list<Sleeper> sleepers_;
};

}  // namespace agent::testing
