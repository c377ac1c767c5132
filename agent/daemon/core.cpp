#include "daemon/core.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "codec/bundle_codec.hpp"
#include "evidence/receipts.hpp"

namespace agent {
namespace {

constexpr std::size_t batch = 32;  // DESIGN.md section 4: acknowledgements are batched
constexpr Duration batch_wait{1'000};
constexpr Duration loop_record_pace{1'000};
constexpr Duration clock_difference_told{5'000};
// What is heard at every poll is written down only when it says something new: a Date tells whole seconds, and how long
// ago it was heard matters by the day.
constexpr Duration clock_moved{1'000};
constexpr Duration clock_kept{std::chrono::hours{1}};

std::string_view name_of(LoopName loop) { return loop == LoopName::poll ? "poll" : "upload"; }

// 401, 403, a bundle that is refused for good, a receipt or certificate that does not verify.
bool needs_a_person(const Error& error) { return error.code() == Errc::refused || error.code() == Errc::untrusted; }

}  // namespace

Core::Core(const asio::any_io_executor& executor, StateStore& store, StateGuard& guard, TimeSource& time,
           OrderDesk& orders, OrderClock& clock, std::shared_ptr<const LoadedAgent> loaded)
    : store_{store},
      guard_{guard},
      time_{time},
      orders_{orders},
      clock_{clock},
      loaded_{std::move(loaded)},
      send_{executor},
      receipts_{executor} {}

Task<Delivery> Core::deliver(Offer offer) { return orders_.deliver(std::move(offer)); }

Result<std::optional<OutgoingBundle>> Core::next_bundle(std::int64_t position) {
    AGENT_TRY(auto waiting, store_.evidence().next_waiting(position));
    if (!waiting && position > 0) {  // the end is reached: older ones may have been put back into the queue meanwhile
        AGENT_TRY(flush());
        AGENT_TRY(waiting, store_.evidence().next_waiting(0));
    }
    if (!waiting) return std::optional<OutgoingBundle>{};
    sending_ = std::move(waiting->bundle);
    return OutgoingBundle{waiting->position, sending_->bundle_id, sending_->bytes, sending_->signature};
}

Result<> Core::acknowledge(const OutgoingBundle& bundle, const std::string& receipt) {
    if (!sending_ || sending_->bundle_id != bundle.id)
        return Error{Errc::malformed, "a receipt for a bundle that is not being sent"};
    // Of whom the bundle speaks, not who we are now: the host may have been renamed since.
    AGENT_TRY(const auto told, parse_bundle(sending_->bytes));
    AGENT_TRY(const auto verified,
              verify_receipt(receipt, *sending_, told.site_id, told.host_id, loaded_->receipt_keys));
    clock_.moved_to(verified.received_at);
    receipts_to_write_.push_back({bundle.id, receipt});
    if (receipts_to_write_.size() == 1) receipts_.ring();
    if (receipts_to_write_.size() < batch) return ok();
    // The receipt itself is good: what the disk says is no reason to send the bundle again.
    const auto flushed = flush();
    if (flushed.has_error()) log_error("receipts could not be stored yet: " + flushed.error().message());
    return ok();
}

Result<> Core::flush() {
    if (receipts_to_write_.empty()) return ok();
    // With the mark of time that they moved, or a restart would forget what was signed.
    AGENT_TRY(guard_.commit([&](Transaction& transaction) -> Result<> {
        AGENT_TRY(store_.evidence().acknowledge(transaction, receipts_to_write_));
        return clock_.write(transaction, store_.memory());
    }));
    receipts_to_write_.clear();
    return ok();
}

Task<> Core::flush_forever() {
    for (;;) {
        auto rung = co_await receipts_.wait();
        AGENT_CO_TRY(std::move(rung));
        auto slept = co_await time_.sleep_for(batch_wait);
        const auto flushed = flush();
        if (flushed.has_error()) {
            log_error("receipts could not be stored; the bundles will be sent again: " + flushed.error().message());
            receipts_.ring();
        }
        AGENT_CO_TRY(std::move(slept));
    }
}

Result<> Core::quarantine(const BundleId& id, const std::string& reason) {
    AGENT_TRY(flush());
    return store_.evidence().quarantine(id, reason);
}

void Core::executing(std::optional<OrderId> order) {
    begun_ = std::move(order);
    if (begun_) send_.ring();
}

std::optional<OrderId> Core::take_progress() { return std::exchange(begun_, std::nullopt); }

Task<> Core::wait_to_send() { return send_.wait(); }

void Core::write_loop(LoopName loop, LoopRecord record) {
    const auto written = store_.memory().write_loop(name_of(loop), record);
    if (written.has_error()) log_warning("the state of the loops could not be stored: " + written.error().message());
}

// Not every success is worth a sync of the disk.
void Core::succeeded(LoopName loop) {
    auto record = store_.memory().loop(name_of(loop));
    if (record.has_error()) return;
    const auto now = time_.wall_now();
    auto& last = record.value().last_success;
    const bool failing = record.value().failure.has_value();
    const auto pace = std::min(loop_record_pace, loaded_->settings.server.poll_interval / 2);
    if (last && !failing && now >= *last && now - *last < pace) return;
    last = now;
    record.value().failure.reset();
    record.value().alarm = false;
    write_loop(loop, record.value());
}

void Core::failed(LoopName loop, const Error& error) {
    auto record = store_.memory().loop(name_of(loop));
    if (record.has_error()) return;
    record.value().last_failure = time_.wall_now();
    record.value().failure = error.message();
    record.value().alarm = needs_a_person(error);
    write_loop(loop, record.value());
}

void Core::keep_server_clock(const StoredServerClock& heard) {
    if (server_clock_) {
        const auto age = heard.seen - server_clock_->seen;
        const bool is_near = std::chrono::abs(heard.ahead - server_clock_->ahead) <= clock_moved;
        if (is_near && age >= Duration{0} && age < clock_kept) return;
    }
    const auto written = store_.memory().write_server_clock(heard);
    if (written.has_error()) return log_warning("the server's clock could not be stored: " + written.error().message());
    server_clock_ = heard;
}

void Core::server_time(WallTime server, WallTime ours) {
    keep_server_clock({server - ours, ours});
    const auto difference = server > ours ? server - ours : ours - server;
    const bool far = difference > clock_difference_told;
    if (far && !clock_warned_)
        log_warning("our clock and the server's differ by " + describe_duration(difference) +
                    "; check time synchronisation");
    clock_warned_ = far;
}

}  // namespace agent
