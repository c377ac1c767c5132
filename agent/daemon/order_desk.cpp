#include "daemon/order_desk.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace agent {

Task<Delivery> OrderDesk::deliver(Offer offer) {
    auto taking = intake_.take(std::move(offer));
    auto taken = co_await std::move(taking);
    AGENT_CO_TRY(auto intake, std::move(taken));
    if (std::holds_alternative<KnownOffer>(intake)) co_return Delivery::known;
    if (auto* admitted = std::get_if<AdmittedOrder>(&intake)) accepted_.push_back(std::move(*admitted));
    if (!std::holds_alternative<RefusedOffer>(intake)) wake_.ring();
    co_return Delivery::fresh;
}

Task<> OrderDesk::work_once() {
    execution_.record_what_was_kept();
    auto closed = co_await execution_.close_interrupted();
    AGENT_CO_TRY(std::move(closed));
    while (!accepted_.empty()) {
        auto order = std::move(accepted_.front());
        accepted_.pop_front();
        auto done = co_await execution_.carry_out(std::move(order));
        AGENT_CO_TRY(std::move(done));
    }
    auto held = co_await held_.look_at_all();
    AGENT_CO_TRY(std::move(held));
    auto healed = co_await drifts_.work();
    co_return healed;
}

Task<> OrderDesk::work_forever() {
    for (;;) {
        auto worked = co_await work_once();
        if (worked.has_error()) {
            if (worked.error().code() == Errc::cancelled) co_return worked;
            log_error("an order could not be carried to its end: " + worked.error().message());
            if (ground_.parts.guard.damaged()) co_return worked;
        }
        if (finishing_) co_return ok();
        if (!accepted_.empty()) continue;
        const auto nap = execution_.keeps_some() ? std::min(held_.next_look(), longest_nap) : held_.next_look();
        const auto when = ground_.parts.time.mono_now() + nap;
        auto woken = co_await wake_.wait_until(ground_.parts.time, when);
        AGENT_CO_TRY(std::move(woken));
    }
}

void OrderDesk::looked(const CheckReport& report) {
    if (drifts_.note(report)) wake_.ring();
}

void OrderDesk::finish() {
    finishing_ = true;
    wake_.ring();
}

void OrderDesk::change(std::shared_ptr<const LoadedAgent> loaded) {
    ground_.loaded = std::move(loaded);
    look_again();
}

}  // namespace agent
