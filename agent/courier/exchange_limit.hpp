#pragma once
// One deadline over all phases of an exchange; what passes it is named with the phase and the peer.
#include <string>
#include <utility>

#include "async/deadline.hpp"

namespace agent {

struct ExchangeLimit {
    TimeSource* time;
    MonoTime end;
    Duration total;

    static ExchangeLimit starting_now(TimeSource& source, Duration total) {
        return {&source, source.mono_now() + total, total};
    }
    [[nodiscard]] Duration left() const { return end - time->mono_now(); }
};

// Runs one phase for at most `share`. `doing` is what a person reads: "connecting to orders.example.com:8443
// (192.0.2.1)"; it is read when the phase has failed, so `work` may change it as it goes on.
template <class T>
[[nodiscard]] Task<T> phase(const ExchangeLimit& limit, Duration share, const std::string& doing, Task<T> work) {
    const auto allowed = share < limit.left() ? share : limit.total;
    auto outcome = co_await with_deadline(*limit.time, share, std::move(work));
    if (!outcome.has_error()) co_return outcome;
    if (outcome.error().code() == Errc::untrusted) co_return outcome;  // names certificate, reason and peer already
    if (outcome.error().code() != Errc::timed_out) co_return std::move(outcome).error().in_context(doing);
    co_return Error{Errc::timed_out, doing + ": no answer within " + describe_duration(allowed)};
}

template <class T>
[[nodiscard]] Task<T> phase(const ExchangeLimit& limit, const std::string& doing, Task<T> work) {
    return phase(limit, limit.left(), doing, std::move(work));
}

}  // namespace agent
