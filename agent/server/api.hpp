#pragma once
// The endpoints of PROTOCOL.md section 6, one file each: from caller and request to reply, over the store. The router
// has seen to it that the caller may call. An error is a storage fault: the router answers 503.
#include <optional>

#include "server/http_message.hpp"
#include "server/service.hpp"

namespace agent::api {

struct Call {
    Service& service;
    const Caller& caller;
    const ApiRequest& request;

    // The path segment that names an order or a bundle: /api/orders/{id}/status, /api/evidence/{id}.
    [[nodiscard]] const std::string& id() const { return request.target.segments[2]; }
};

using Handler = Result<Reply> (*)(const Call&);

[[nodiscard]] Result<Reply> health(const Call& call);
[[nodiscard]] Result<Reply> pending_orders(const Call& call);
[[nodiscard]] Result<Reply> submit_order(const Call& call);
[[nodiscard]] Result<Reply> order_status(const Call& call);
[[nodiscard]] Result<Reply> report_executing(const Call& call);
[[nodiscard]] Result<Reply> upload_evidence(const Call& call);
[[nodiscard]] Result<Reply> list_evidence(const Call& call);
[[nodiscard]] Result<Reply> evidence_meta(const Call& call);
[[nodiscard]] Result<Reply> evidence_bundle(const Call& call);
[[nodiscard]] Result<Reply> evidence_signature(const Call& call);
[[nodiscard]] Result<Reply> evidence_receipt(const Call& call);
[[nodiscard]] Result<Reply> list_hosts(const Call& call);

[[nodiscard]] Reply json_reply(int status, const Value& value);
template <typename T>
[[nodiscard]] Value or_null(const std::optional<T>& value) {
    return value ? Value{*value} : Value{};
}
[[nodiscard]] Reply refusal(int status, std::string_view reason, std::string_view detail);

}  // namespace agent::api
