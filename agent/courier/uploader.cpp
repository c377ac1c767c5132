#include "courier/uploader.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "codec/offers.hpp"
#include "courier/multipart.hpp"
#include "courier/progress_note.hpp"
#include "crypto/random.hpp"

namespace agent {
namespace {

// More than two batches of acknowledgements.
constexpr std::size_t remembered_most = 80;

Backoff backoff_of(const ServerSettings& settings) {
    return Backoff{settings.backoff_base, settings.backoff_cap, settings.poll_interval};
}

HttpRequest upload_request(const OutgoingBundle& bundle, const ServerSettings& settings) {
    auto form = write_upload_form(bundle, choose_boundary(bundle));
    HttpRequest request;
    request.method = "POST";
    request.target = "/api/evidence";
    request.body = std::move(form.body);
    request.content_type = std::move(form.content_type);
    request.deadline = settings.timeout;
    return request;
}

}  // namespace

Uploader::Uploader(CourierShared& shared) : shared_{&shared}, line_{shared}, backoff_{backoff_of(shared.settings)} {}

Task<> Uploader::forever() {
    while (true) {
        co_await prepare();
        auto bundle = next();
        if (bundle.has_error()) {
            const FailedAttempt failure{std::move(bundle).error().in_context("reading the queue")};
            auto paused = co_await back_off(failure);
            if (paused.has_error()) co_return paused;
            continue;
        }
        if (!bundle.value()) {
            auto rested = co_await tell_or_wait();
            if (rested.has_error()) co_return rested;
            continue;
        }
        auto outgoing = *std::move(bundle).value();
        const auto attempt = co_await upload(std::move(outgoing));
        const auto* failure = std::get_if<FailedAttempt>(&attempt);
        if (failure == nullptr) continue;
        if (failure->error.code() == Errc::cancelled) co_return failure->error;
        auto paused = co_await back_off(*failure);
        if (paused.has_error()) co_return paused;
    }
}

Task<> Uploader::tell_or_wait() {
    auto order = shared_->core.take_progress();
    if (order) {
        auto posting = post_progress(line_, *std::move(order), shared_->settings);
        auto posted = co_await std::move(posting);
        co_return posted;
    }
    auto waited = co_await shared_->core.wait_to_send();
    position_ = 0;  // what a person put back into the queue stands before what was sent last
    co_return waited;
}

Task<> Uploader::all() {
    position_ = 0;
    refused_.clear();
    while (true) {
        co_await prepare();
        auto bundle = next();
        if (bundle.has_error()) co_return std::move(bundle).error().in_context("reading the queue");
        if (!bundle.value()) co_return ok();
        auto outgoing = *std::move(bundle).value();
        const auto attempt = co_await upload(std::move(outgoing));
        if (const auto* settled = std::get_if<Settled>(&attempt)) {
            if (settled->refusal) refused_.push_back(*settled->refusal);
            continue;
        }
        const auto* failure = std::get_if<FailedAttempt>(&attempt);
        if (failure->error.code() != Errc::cancelled) shared_->core.failed(LoopName::upload, failure->error);
        co_return failure->error;
    }
}

asio::awaitable<void> Uploader::prepare() {
    const bool renewed = co_await line_.renew();
    if (renewed) backoff_ = backoff_of(shared_->settings);
}

Result<std::optional<OutgoingBundle>> Uploader::next() {
    while (true) {
        AGENT_TRY(auto bundle, shared_->core.next_bundle(position_));
        const bool again =
            bundle && std::find(acknowledged_.begin(), acknowledged_.end(), bundle->position) != acknowledged_.end();
        if (!again) return bundle;
        position_ = bundle->position;
    }
}

asio::awaitable<Uploader::Attempt> Uploader::upload(OutgoingBundle bundle) {
    auto request = upload_request(bundle, shared_->settings);
    auto answer = co_await line_.exchange(std::move(request));
    if (answer.has_error()) co_return FailedAttempt{std::move(answer).error()};
    const auto verdict = verdict_on_upload(answer.value().status);
    switch (verdict) {
        case AnswerVerdict::good: co_return stored(bundle, answer.value());
        case AnswerVerdict::bundle_bad: co_return refused(bundle, answer.value());
        case AnswerVerdict::denied:
        case AnswerVerdict::try_again:
        case AnswerVerdict::bad_receipt: break;
    }
    co_return failed_answer(answer.value(), verdict, shared_->time.wall_now());
}

Uploader::Attempt Uploader::stored(const OutgoingBundle& bundle, const HttpAnswer& answer) {
    const auto receipted = [&]() -> Result<> {
        AGENT_TRY(const auto body, parse_upload_answer(answer.body));
        return shared_->core.acknowledge(bundle, body.receipt);
    }();
    if (receipted.has_error())
        return FailedAttempt{Error{receipted.error()}.in_context("no good receipt for bundle " + bundle.id.str()),
                             AnswerVerdict::bad_receipt};
    reached();
    shared_->core.succeeded(LoopName::upload);
    position_ = bundle.position;
    acknowledged_.push_back(bundle.position);
    if (acknowledged_.size() > remembered_most) acknowledged_.pop_front();
    ++shared_->acknowledged;
    shared_->poll_bell.ring();
    return Settled{};
}

Uploader::Attempt Uploader::refused(const OutgoingBundle& bundle, const HttpAnswer& answer) {
    const auto reason = describe_refusal(answer);
    auto set_aside = shared_->core.quarantine(bundle.id, reason);
    if (set_aside.has_error())
        return FailedAttempt{std::move(set_aside).error().in_context("setting bundle " + bundle.id.str() + " aside")};
    reached();
    Error error{Errc::refused, "the order server refuses bundle " + bundle.id.str() + ": " + reason};
    shared_->core.failed(LoopName::upload, error);
    log_error(error.message() + "; it is kept in quarantine until a person retries it");
    position_ = bundle.position;
    return Settled{std::move(error)};
}

void Uploader::reached() {
    if (backoff_.failures() > 0)
        log_info("uploading evidence: reached the server again after " + std::to_string(backoff_.failures()) +
                 (backoff_.failures() == 1 ? " failure" : " failures"));
    backoff_.succeeded();
}

Task<> Uploader::back_off(const FailedAttempt& failure) {
    const bool denied = failure.verdict == AnswerVerdict::denied;
    const bool alarm = denied || failure.verdict == AnswerVerdict::bad_receipt;
    const auto delay = denied ? backoff_.refused(failure.retry_after, random_fraction())
                              : backoff_.failed(failure.retry_after, random_fraction(), random_fraction());
    shared_->core.failed(LoopName::upload, failure.error);
    log(alarm ? LogLevel::error : LogLevel::warning,
        "uploading evidence: " + failure.error.message() + "; next try in " + describe_duration(delay));
    const auto until = shared_->time.mono_now() + delay;
    while (shared_->time.mono_now() < until && !line_.outdated()) {
        auto woken = co_await shared_->upload_bell.wait_until(shared_->time, until);
        if (woken.has_error()) co_return std::move(woken).error();
    }
    co_return ok();
}

}  // namespace agent
