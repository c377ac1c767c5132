#include "codec/order_codec.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "codec/json.hpp"
#include "codec/json_rules.hpp"
#include "codec/members.hpp"
#include "model/limits.hpp"

namespace agent {
namespace {

bool is_nonce(std::string_view text) {
    return text.size() >= limits::nonce_least && text.size() <= limits::nonce_most &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<std::optional<std::string>> optional_string(const Members& members, std::string_view name) {
    if (members.find(name) == nullptr) return std::optional<std::string>{};
    AGENT_TRY(auto text, members.string(name));
    return std::optional<std::string>{std::move(text)};
}

Result<OrderPayload> read_order(const Members& members) {
    AGENT_TRY(members.only({"order_id", "site_id", "host_id", "runbook_id", "params", "nonce", "ttl", "issued_at",
                            "mode", "plan_sha256"}));
    AGENT_TRY(auto order_id, members.string("order_id"));
    if (!is_name(order_id, 1, limits::order_id_length))
        return members.fault("order_id", "not 1 to 128 of A-Z a-z 0-9 . _ -");
    // Whether this is an audience at all is gate 7's to say: one that is not this host's is no malformed order.
    AGENT_TRY(auto site, members.string("site_id"));
    AGENT_TRY(auto host, members.string("host_id"));
    AGENT_TRY(auto runbook, members.string("runbook_id"));
    if (!is_runbook_id(runbook)) return members.fault("runbook_id", "not RB- and A-Z 0-9 -, at most 64 characters");
    AGENT_TRY(const auto* params, members.required("params"));
    if (params->object() == nullptr) return members.fault("params", "not an object");
    AGENT_TRY(auto nonce, members.string("nonce"));
    if (!is_nonce(nonce)) return members.fault("nonce", "not 32 to 128 lower-case hexadecimal digits");

    OrderPayload order;
    AGENT_TRY(order.ttl_seconds, members.integer("ttl"));
    AGENT_TRY(order.issued_at, members.time("issued_at"));
    if (members.find("mode") != nullptr) {
        AGENT_TRY(order.mode, members.word<OrderMode>("mode"));
    }
    AGENT_TRY(order.plan_sha256, optional_string(members, "plan_sha256"));
    order.order_id = OrderId{std::move(order_id)};
    order.site_id = SiteId{std::move(site)};
    order.host_id = HostId{std::move(host)};
    order.runbook_id = RunbookId{std::move(runbook)};
    order.params = *params;
    order.nonce = std::move(nonce);
    return order;
}

}  // namespace

Result<OrderPayload> parse_order(std::string_view json) {
    constexpr std::size_t depth_of_ttl = 2;
    JsonRules rules;
    rules.saturated_depth = depth_of_ttl;
    AGENT_TRY(const auto value, parse_json(json, rules));
    AGENT_TRY(const auto members, Members::of(value, {}));
    return read_order(members);
}

std::string write_order(const OrderPayload& order) {
    auto members = Value::object({{"order_id", order.order_id.str()},
                                  {"site_id", order.site_id.str()},
                                  {"host_id", order.host_id.str()},
                                  {"runbook_id", order.runbook_id.str()},
                                  {"params", order.params},
                                  {"nonce", order.nonce},
                                  {"ttl", order.ttl_seconds},
                                  {"issued_at", format_rfc3339(order.issued_at)},
                                  {"mode", to_string(order.mode)}});
    if (order.plan_sha256) members.set("plan_sha256", *order.plan_sha256);
    return write_json(members);
}

}  // namespace agent
