#include <algorithm>
#include <variant>

#include "base/encoding.hpp"
#include "model/limits.hpp"
#include "orders/gates.hpp"
#include "server/api.hpp"

namespace agent::api {
namespace {

Reply refused_at(const GateEntry& entry) { return refusal(422, reason_word(entry.gate), entry.detail); }

// The envelope alone: white space around it would be in the way of whoever measures what is offered.
std::string_view object_in(std::string_view body) {
    constexpr std::string_view white_space = " \t\r\n";
    const auto first = std::min(body.find_first_not_of(white_space), body.size());
    return body.substr(first, body.find_last_not_of(white_space) + 1 - first);
}

Reply accepted(int status, const OrderId& id) { return json_reply(status, Value::object({{"order_id", id.str()}})); }

Reply known_already(const AcceptedOrder& known, const std::string& identity) {
    if (known.identity == identity) return accepted(200, known.order_id);
    return refusal(409, "order_exists", "another envelope was accepted under the order id " + known.order_id.str());
}

}  // namespace

// POST /api/orders: gates 1 to 6, then whether it is known, then 8 to 10 (PROTOCOL.md section 6).
Result<Reply> submit_order(const Call& call) {
    auto& service = call.service;
    const auto now = service.time.wall_now();
    const auto judged = judge_signatures(call.request.body, service.order_keys, now);
    if (const auto* entry = std::get_if<GateEntry>(&judged)) return refused_at(*entry);
    const auto& submitted = std::get<SubmittedOrder>(judged);
    const auto& payload = submitted.payload;
    const auto identity = envelope_identity(call.request.body);

    AGENT_TRY(auto transaction, Transaction::begin(service.database));
    AGENT_TRY(const auto known, service.orders.find(payload.order_id));
    if (known) return known_already(*known, identity);
    if (const auto entry = judge_times(payload, limits::ttl_most_seconds, now)) return refused_at(*entry);
    AGENT_TRY(service.orders.add({.order_id = payload.order_id,
                                  .site_id = payload.site_id,
                                  .host_id = payload.host_id,
                                  .identity = identity,
                                  .payload = base64_encode(bytes_of(submitted.envelope.payload)),
                                  .accepted_at = now,
                                  .expires_at = payload.expires_at()},
                                 object_in(call.request.body)));
    AGENT_TRY(service.hosts.write_seen());
    AGENT_TRY(transaction.commit());
    auto reply = accepted(201, payload.order_id);
    reply.wake = Audience{.site_id = payload.site_id, .host_id = payload.host_id};
    return reply;
}

}  // namespace agent::api
