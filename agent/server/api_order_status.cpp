#include <algorithm>

#include "base/text.hpp"
#include "codec/json.hpp"
#include "server/api.hpp"

namespace agent::api {
namespace {

Value members_of(const HostReport& report) {
    return Value::object({{"status", to_string(report.status)},
                          {"reason", or_null(report.reason)},
                          {"bundle_id", or_null(report.bundle_id)},
                          {"updated_at", format_rfc3339(report.updated_at)}});
}

HostReport silent(const AcceptedOrder& order, const HostId& host) {
    HostReport report;
    report.host_id = host;
    report.updated_at = order.accepted_at;
    return report;
}

// One line for each host of the audience: those that reported and, of a whole site, those that were added to it
// before the order expired.
Result<std::vector<HostReport>> reports_of_site(Service& service, const AcceptedOrder& order) {
    AGENT_TRY(auto reports, service.orders.reports(order.order_id));
    AGENT_TRY(const auto enrolled, service.hosts.enrolled_before(order.site_id, order.expires_at));
    for (const auto& host : enrolled) {
        const bool reported =
            std::any_of(reports.begin(), reports.end(), [&](const auto& report) { return report.host_id == host; });
        if (!reported) reports.push_back(silent(order, host));
    }
    std::sort(reports.begin(), reports.end(), [](const auto& a, const auto& b) { return a.host_id < b.host_id; });
    return reports;
}

Result<HostReport> report_of_host(Service& service, const AcceptedOrder& order) {
    AGENT_TRY(auto reports, service.orders.reports(order.order_id));
    if (reports.empty()) return silent(order, order.host_id);
    return std::move(reports.front());
}

Reply no_such_order(const std::string& id) {
    return refusal(404, "not_found", "no order has the id " + quoted(id, 128));
}

Reply not_for_caller() { return refusal(403, "forbidden", "the order is not for this host"); }

bool says_executing(std::string_view body) {
    const auto value = parse_json(body);
    return value.has_value() && value.value() == Value::object({{"status", "executing"}});
}

}  // namespace

// GET /api/orders/{id}/status
Result<Reply> order_status(const Call& call) {
    auto& service = call.service;
    AGENT_TRY(const auto order, service.orders.find(OrderId{call.id()}));
    if (!order) return no_such_order(call.id());
    if (call.caller.is_host() && !order->is_for(call.caller.site_id(), call.caller.host_id())) return not_for_caller();

    const auto now = service.time.wall_now();
    Value::Array hosts;
    HostReport whole;
    if (order->host_id.str() == "*") {
        AGENT_TRY(auto reports, reports_of_site(service, *order));
        for (auto& report : reports) {
            report = seen_at(now, order->expires_at, std::move(report));
            auto line = members_of(report);
            line.set("host_id", report.host_id.str());
            hosts.push_back(std::move(line));
        }
        whole =
            reports.empty() ? seen_at(now, order->expires_at, silent(*order, order->host_id)) : least_finished(reports);
    } else {
        AGENT_TRY(auto report, report_of_host(service, *order));
        whole = seen_at(now, order->expires_at, std::move(report));
    }
    auto answer = members_of(whole);
    answer.set("order_id", order->order_id.str());
    answer.set("hosts", std::move(hosts));
    return json_reply(200, answer);
}

// POST /api/orders/{id}/status: progress only; what is final stays.
Result<Reply> report_executing(const Call& call) {
    auto& service = call.service;
    AGENT_TRY(auto transaction, Transaction::begin(service.database));
    AGENT_TRY(const auto order, service.orders.find(OrderId{call.id()}));
    if (!order) return no_such_order(call.id());
    if (!order->is_for(call.caller.site_id(), call.caller.host_id())) return not_for_caller();
    if (!says_executing(call.request.body))
        return refusal(400, "malformed", R"(the body must be {"status":"executing"}, without further members)");
    AGENT_TRY(service.orders.report(order->order_id, {.host_id = call.caller.host_id(),
                                                      .status = OrderStatus::executing,
                                                      .reason = std::nullopt,
                                                      .bundle_id = std::nullopt,
                                                      .updated_at = service.time.wall_now()}));
    AGENT_TRY(transaction.commit());
    Reply reply;
    reply.response.status = 204;
    return reply;
}

}  // namespace agent::api
