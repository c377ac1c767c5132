#include "courier/poller.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "codec/offers.hpp"
#include "crypto/random.hpp"
#include "model/limits.hpp"

namespace agent {
namespace {

HttpRequest poll_request(const CourierShared& shared, std::chrono::seconds hold) {
    HttpRequest request;
    request.method = "GET";
    request.target.append("/api/orders/pending?site_id=").append(percent_encode(shared.identity.site_id.str()));
    request.target.append("&host_id=").append(percent_encode(shared.identity.host_id.str()));
    request.target.append("&limit=").append(std::to_string(limits::pending_default));
    if (hold.count() > 0) request.target.append("&wait=").append(std::to_string(hold.count()));
    // At least what the server was asked to hold, also where long_poll was rounded up to a whole second.
    request.deadline = shared.settings.timeout + std::max<Duration>(shared.settings.long_poll, hold);
    request.answer_limit = limits::pending_answer_bytes;
    return request;
}

}  // namespace

Task<> Poller::forever() {
    while (true) {
        co_await prepare();
        const auto acknowledged_before = shared_->acknowledged;
        const auto attempt = co_await poll(pacing_.hold());
        const auto* failure = std::get_if<FailedAttempt>(&attempt);
        if (failure != nullptr && failure->error.code() == Errc::cancelled) co_return failure->error;
        const auto step = failure != nullptr ? after_failure(*failure) : after_answer(std::get<PollAnswered>(attempt));
        auto paused = co_await pause(step, acknowledged_before);
        if (paused.has_error()) co_return paused;
    }
}

Task<> Poller::once() {
    constexpr std::chrono::seconds not_held{0};
    while (true) {
        co_await prepare();
        const auto attempt = co_await poll(not_held);
        if (const auto* failure = std::get_if<FailedAttempt>(&attempt)) {
            if (failure->error.code() != Errc::cancelled) shared_->core.failed(LoopName::poll, failure->error);
            co_return failure->error;
        }
        shared_->core.succeeded(LoopName::poll);
        const auto& answer = std::get<PollAnswered>(attempt);
        if (!answer.more || answer.fresh == 0) co_return ok();
    }
}

asio::awaitable<void> Poller::prepare() {
    expiry_.look(shared_->time, shared_->settings.cert_file);
    const bool renewed = co_await line_.renew();
    if (renewed) pacing_ = PollPacing{shared_->settings};
}

asio::awaitable<Poller::Attempt> Poller::poll(std::chrono::seconds hold) {
    const auto started = shared_->time.mono_now();
    auto request = poll_request(*shared_, hold);
    auto answer = co_await line_.exchange(std::move(request));
    if (answer.has_error()) co_return FailedAttempt{std::move(answer).error()};
    const auto verdict = verdict_on_poll(answer.value().status);
    if (verdict != AnswerVerdict::good) co_return failed_answer(answer.value(), verdict, shared_->time.wall_now());
    auto pending = parse_pending(answer.value().body);
    if (pending.has_error())
        co_return FailedAttempt{std::move(pending).error().in_context("the answer to the poll cannot be read")};

    PollAnswered answered{pending.value().offers.size(), 0, pending.value().more, shared_->time.mono_now() - started};
    for (auto& offer : pending.value().offers) {
        auto delivery = co_await shared_->core.deliver(std::move(offer));
        if (delivery.has_error()) co_return FailedAttempt{std::move(delivery).error()};
        if (delivery.value() == Delivery::fresh) ++answered.fresh;
    }
    co_return answered;
}

PollStep Poller::after_failure(const FailedAttempt& failure) {
    const bool denied = failure.verdict == AnswerVerdict::denied;
    const auto step = denied ? pacing_.denied(failure.retry_after, random_fraction())
                             : pacing_.failed(failure.retry_after, random_fraction(), random_fraction());
    shared_->core.failed(LoopName::poll, failure.error);
    log(denied ? LogLevel::error : LogLevel::warning,
        "polling for orders: " + failure.error.message() + "; next try in " + describe_duration(step.most));
    return step;
}

PollStep Poller::after_answer(const PollAnswered& answer) {
    if (pacing_.failures() > 0)
        log_info("polling for orders: reached the server again after " + std::to_string(pacing_.failures()) +
                 (pacing_.failures() == 1 ? " failure" : " failures"));
    shared_->core.succeeded(LoopName::poll);
    return pacing_.answered(answer, random_fraction());
}

Task<> Poller::pause(PollStep step, std::uint64_t acknowledged_before) {
    const auto start = shared_->time.mono_now();
    while (true) {
        const auto now = shared_->time.mono_now();
        const bool news = step.ends_with_acknowledgement && shared_->acknowledged != acknowledged_before;
        const auto until = start + (news ? step.least : step.most);
        if (now >= until || line_.outdated()) co_return ok();
        auto woken = co_await shared_->poll_bell.wait_until(shared_->time, until);
        if (woken.has_error()) co_return std::move(woken).error();
    }
}

}  // namespace agent
