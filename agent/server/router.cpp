#include "server/router.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "model/limits.hpp"
#include "server/multipart.hpp"

namespace agent {
namespace {

constexpr std::size_t small_body = 4096;
// Large enough that a form with a bundle of more than 1 MiB is read and looked at before it is refused for that.
constexpr std::size_t form_most = 4 * limits::bundle_bytes;

const std::vector<Route>& routes() {
    using enum CallableBy;
    static const std::vector<Route> table{
        {"GET", {"health"}, anyone, small_body, 413, &api::health},
        {"GET", {"api", "orders", "pending"}, host, small_body, 413, &api::pending_orders},
        {"POST", {"api", "orders"}, operators, limits::envelope_bytes, 422, &api::submit_order},
        {"GET", {"api", "orders", "*", "status"}, both, small_body, 413, &api::order_status},
        {"POST", {"api", "orders", "*", "status"}, host, small_body, 413, &api::report_executing},
        {"POST", {"api", "evidence"}, host, form_most, 413, &api::upload_evidence, true},
        {"GET", {"api", "evidence"}, operators, small_body, 413, &api::list_evidence},
        {"GET", {"api", "evidence", "*"}, operators, small_body, 413, &api::evidence_meta},
        {"GET", {"api", "evidence", "*", "bundle"}, operators, small_body, 413, &api::evidence_bundle},
        {"GET", {"api", "evidence", "*", "signature"}, operators, small_body, 413, &api::evidence_signature},
        {"GET", {"api", "evidence", "*", "receipt"}, operators, small_body, 413, &api::evidence_receipt},
        {"GET", {"api", "hosts"}, operators, small_body, 413, &api::list_hosts},
    };
    return table;
}

bool fits(const Route& route, const std::vector<std::string>& segments) {
    return std::equal(route.path.begin(), route.path.end(), segments.begin(), segments.end(),
                      [](std::string_view pattern, const std::string& segment) {
                          return pattern == segment || (pattern == "*" && !segment.empty());
                      });
}

bool may_call(CallableBy by, const Caller& caller) {
    switch (by) {
        case CallableBy::anyone:
        case CallableBy::both: return true;
        case CallableBy::host: return caller.is_host();
        case CallableBy::operators: return !caller.is_host();
    }
    return false;
}

// Headers never establish identity, but those of a host must not deny it (PROTOCOL.md section 6).
std::optional<ApiResponse> contradiction(const ApiRequest& request, const Caller& caller) {
    if (!caller.is_host()) return std::nullopt;
    const auto differs = [](const std::vector<std::string>& headers, const std::string& ours) {
        return std::any_of(headers.begin(), headers.end(), [&](const auto& header) { return header != ours; });
    };
    if (differs(request.site_headers, caller.identity->site_id))
        return problem(403, "identity_mismatch", "X-Site-ID is not the site of the certificate");
    if (differs(request.host_headers, caller.identity->host_id))
        return problem(403, "identity_mismatch", "X-Host-ID is not the host of the certificate");
    return std::nullopt;
}

}  // namespace

std::string describe(const PeerIdentity& identity) {
    if (identity.is_host()) return "host " + identity.host_id + " of " + identity.site_id;
    return "operator " + quoted(identity.operator_name, 64);
}

std::variant<const Route*, ApiResponse> admit(const ApiRequest& request, const Caller& caller) {
    const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view{request.method};
    const Route* found = nullptr;
    std::string allow;
    for (const auto& route : routes()) {
        if (!fits(route, request.target.segments)) continue;
        if (route.method == method) found = &route;
        allow.append(allow.empty() ? "" : ", ").append(route.method);
    }
    const bool needs_identity = found == nullptr || found->by != CallableBy::anyone;
    if (!caller.identity && needs_identity) return problem(403, "unknown_identity", caller.why_unknown);
    if (auto refused = contradiction(request, caller)) return *std::move(refused);
    if (allow.empty()) return problem(404, "not_found", "there is nothing at this path");
    if (found == nullptr) {
        auto refused = problem(405, "method_not_allowed", "this path takes " + allow);
        refused.allow = allow;
        return refused;
    }
    if (!may_call(found->by, caller))
        return problem(403, "forbidden", caller.is_host() ? "this call is an operator's" : "this call is a host's");
    return found;
}

std::optional<ApiResponse> refuse_type(const Route& route, const ApiRequest& request) {
    if (!route.takes_form) return std::nullopt;
    const auto checked = check_form_type(request.content_type);
    if (checked.has_value()) return std::nullopt;
    return problem(400, "malformed", checked.error().message());
}

Reply answer(const Route& route, const api::Call& call) {
    const auto& caller = call.caller;
    if (caller.is_host()) call.service.hosts.saw(caller.site_id(), caller.host_id(), call.service.time.wall_now());
    auto reply = route.handler(call);
    if (reply.has_value()) return std::move(reply).value();
    log_error("a request could not be served: " + reply.error().message(),
              {{"method", call.request.method}, {"caller", caller.identity ? describe(*caller.identity) : "unknown"}});
    return api::refusal(503, "storage", "the server cannot read or write its database now; its log says why");
}

}  // namespace agent
