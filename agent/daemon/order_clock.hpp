#pragma once
// "Now" for orders, kept across restarts: TimeMark with the clocks and the store it needs.
#include <string>
#include <utility>

#include "async/time_source.hpp"
#include "orders/time_mark.hpp"
#include "store/state_store.hpp"

namespace agent {

class OrderClock {
public:
    OrderClock(const TimeSource& time, TimeMark mark, std::string boot_id)
        : time_{time}, mark_{std::move(mark)}, boot_id_{std::move(boot_id)} {}

    // As the store last knew it.
    [[nodiscard]] static Result<OrderClock> load(const TimeSource& time, AgentMemory& memory, std::string boot_id) {
        AGENT_TRY(const auto stored, memory.time_mark());
        return OrderClock{time, stored ? TimeMark{*stored, boot_id} : TimeMark{}, boot_id};
    }

    [[nodiscard]] WallTime now() const { return mark_.now(time_.wall_now(), time_.since_boot()); }
    // The mark alone: a clock that jumped ahead moves nothing that depends on it.
    [[nodiscard]] WallTime mark() const { return mark_.at(time_.since_boot()); }
    [[nodiscard]] bool untrusted() const { return mark_.clock_untrusted(time_.wall_now(), time_.since_boot()); }
    void moved_to(WallTime signed_time) { mark_.move_to(signed_time, time_.since_boot(), boot_id_); }
    [[nodiscard]] Result<> write(Transaction& transaction, AgentMemory& memory) const {
        return memory.write_time_mark(transaction, mark_.stored(time_.since_boot()));
    }

private:
    const TimeSource& time_;
    TimeMark mark_;
    std::string boot_id_;
};

}  // namespace agent
