#include <algorithm>

#include "codec/offers.hpp"
#include "model/limits.hpp"
#include "server/api.hpp"

namespace agent::api {
namespace {

constexpr std::int64_t most_orders = 100;

// Given, and every time as `own`.
bool is_own(const RequestTarget& target, std::string_view name, const std::string& own) {
    return target.parameter(name) && std::all_of(target.query.begin(), target.query.end(), [&](const auto& pair) {
               return pair.first != name || pair.second == own;
           });
}

}  // namespace

// GET /api/orders/pending. With nothing to offer and a `wait`, the reply asks to be held.
Result<Reply> pending_orders(const Call& call) {
    const auto& target = call.request.target;
    if (!is_own(target, "site_id", call.caller.site_id().str()) ||
        !is_own(target, "host_id", call.caller.host_id().str()))
        return refusal(403, "identity_mismatch",
                       "site_id and host_id must be those of the certificate: a host polls for itself");
    const auto limit = clamped_parameter(
        target, "limit", {.least = 1, .most = most_orders, .otherwise = std::int64_t{limits::pending_default}});
    if (limit.has_error()) return refusal(400, "malformed", limit.error().message());
    constexpr auto most_wait = std::chrono::duration_cast<std::chrono::seconds>(limits::long_poll_most).count();
    const auto wait = clamped_parameter(target, "wait", {.least = 0, .most = most_wait, .otherwise = 0});
    if (wait.has_error()) return refusal(400, "malformed", wait.error().message());

    AGENT_TRY(const auto answer, call.service.orders.pending(call.caller.site_id(), call.caller.host_id(),
                                                             limit.value(), call.service.time.wall_now()));
    Reply reply;
    reply.response.body = write_pending(answer);
    if (answer.offers.empty() && wait.value() > 0) reply.hold = std::chrono::seconds{wait.value()};
    return reply;
}

}  // namespace agent::api
