#include "courier/reach_server.hpp"

#include <algorithm>
#include <utility>

#include "courier/server_line.hpp"

namespace agent {
namespace {

constexpr Duration first_pause_to_reach{500};
constexpr Duration longest_pause_to_reach{10'000};
constexpr Duration longest_try_to_reach{15'000};

Task<> try_to_reach(asio::any_io_executor executor, TimeSource& time, const ServerSettings& settings,
                    const CourierIdentity& identity, Duration deadline) {
    HttpsClient client{std::move(executor), time, settings, user_agent_of(identity)};
    HttpRequest request;
    request.method = "GET";
    request.target = "/health";
    request.deadline = deadline;
    add_identity(request, identity);
    auto answer = co_await client.exchange(std::move(request));
    AGENT_CO_TRY(std::move(answer));
    co_await client.close();
    co_return ok();
}

}  // namespace

Task<> reach_server(asio::any_io_executor executor, TimeSource& time, ServerSettings settings, CourierIdentity identity,
                    MonoTime end) {
    std::string why = "there was no time left";
    for (auto pause = first_pause_to_reach;; pause = std::min(pause * 2, longest_pause_to_reach)) {
        const auto left = end - time.mono_now();
        if (left <= Duration::zero()) break;
        auto reached = co_await try_to_reach(executor, time, settings, identity, std::min(left, longest_try_to_reach));
        if (reached.has_value() || reached.error().code() == Errc::cancelled) co_return reached;
        why = reached.error().message();
        auto slept = co_await time.sleep_until(std::min(end, time.mono_now() + pause));
        AGENT_CO_TRY(std::move(slept));
    }
    co_return Error{Errc::timed_out, "the order server was not reached in time: " + why};
}

}  // namespace agent
