#include "courier/server_line.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "courier/http_time.hpp"

namespace agent {
namespace {

// Stopping shows as an exception between two steps of a coroutine, else as a value.
Task<> as_value(Task<> work) {
    try {
        auto outcome = co_await std::move(work);
        co_return outcome;
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) co_return Error{Errc::cancelled, "stopped"};
        co_return Error{Errc::system, error.what()};
    } catch (const std::exception& error) {
        co_return Error{Errc::system, error.what()};
    }
}

}  // namespace

void add_identity(HttpRequest& request, const CourierIdentity& identity) {
    request.headers.emplace_back("X-Site-ID", identity.site_id.str());
    request.headers.emplace_back("X-Host-ID", identity.host_id.str());
    request.headers.emplace_back("X-Deployment-Mode", to_string(identity.deployment_mode));
    if (identity.deployment_mode == DeploymentMode::reseller && identity.reseller_id)
        request.headers.emplace_back("X-Reseller-ID", *identity.reseller_id);
}

std::string user_agent_of(const CourierIdentity& identity) { return "compliance-agent/" + identity.version; }

asio::awaitable<bool> ServerLine::renew() {
    if (!outdated()) co_return false;
    co_await close();
    version_ = shared_->settings_version;
    client_ = std::make_unique<HttpsClient>(shared_->executor, shared_->time, shared_->settings,
                                            user_agent_of(shared_->identity));
    co_return true;
}

Task<HttpAnswer> ServerLine::exchange(HttpRequest request) {
    add_identity(request, shared_->identity);
    auto answer = co_await client_->exchange(std::move(request));
    if (answer.has_error() || !answer.value().date) co_return answer;
    const auto date = parse_http_date(*answer.value().date);
    if (date) shared_->core.server_time(*date, shared_->time.wall_now());
    co_return answer;
}

asio::awaitable<void> ServerLine::close() {
    if (client_) co_await client_->close();
}

Task<> run_and_close(Task<> work, ServerLine& line) {
    auto guarded = as_value(std::move(work));
    auto outcome = co_await std::move(guarded);
    // What was stopped still closes TLS cleanly, so that the session resumes; that takes at most 2 s.
    const auto state = co_await asio::this_coro::cancellation_state;
    const bool stopped = state.cancelled() != asio::cancellation_type::none;
    if (stopped) co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await line.close();
    if (stopped) co_await asio::this_coro::reset_cancellation_state();
    co_return outcome;
}

}  // namespace agent
