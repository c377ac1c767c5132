#include "daemon/state_guard.hpp"

#include <utility>

#include "base/log.hpp"

namespace agent {

Result<> StateGuard::attempt(const Work& work) {
    AGENT_TRY(auto transaction, store_.begin());
    AGENT_TRY(work(transaction));
    return transaction.commit();
}

Result<> StateGuard::commit(const Work& work) {
    auto result = attempt(work);
    if (result.has_error() && result.error().code() == Errc::disk_full) {
        make_room();
        result = attempt(work);
    }
    if (result.has_error() && result.error().code() == Errc::corrupt && !damaged_) {
        damaged_ = true;
        store_.mark_suspect(result.error().message());
        log_error("the state file is damaged; stopping, the next start examines it and sets it aside if need be",
                  {{"reason", result.error().message()}});
    }
    if (result.has_value() && reserve_out_) {
        store_.restore_reserve();
        reserve_out_ = false;
    }
    return result;
}

void StateGuard::make_room() {
    const bool had_reserve = store_.release_reserve();
    reserve_out_ = reserve_out_ || had_reserve;
    constexpr std::int64_t all = 100'000;
    const auto removed = store_.evidence().prune(keep_sent_, Duration{0}, time_.wall_now(), all);
    std::string alarm = "the disk of the state directory is full; ";
    alarm += had_reserve ? "the reserve was given up" : "no reserve was left";
    alarm += removed.has_value() ? ", " + std::to_string(removed.value()) + " bundles with receipts were removed"
                                 : ", and bundles with receipts could not be removed: " + removed.error().message();
    log_error(alarm + "; free some space");
    alarm_ = std::move(alarm);
}

std::optional<std::string> StateGuard::take_alarm() { return std::exchange(alarm_, std::nullopt); }

}  // namespace agent
