#include "server/order_progress.hpp"

#include <algorithm>

namespace agent {
namespace {

bool carried_out(OrderStatus status) noexcept {
    return status == OrderStatus::completed || status == OrderStatus::failed || status == OrderStatus::reverted ||
           status == OrderStatus::alert;
}

}  // namespace

bool supersedes(OrderStatus next, const std::optional<OrderStatus>& before) noexcept {
    if (!before || !is_final(*before)) return true;
    return carried_out(next) && !carried_out(*before);
}

std::optional<std::string> reason_in(OrderStatus status, const std::optional<std::string>& error) {
    if (status != OrderStatus::rejected && status != OrderStatus::deferred && status != OrderStatus::expired)
        return std::nullopt;
    if (!error) return std::nullopt;
    const auto end = std::find_if(error->begin(), error->end(), [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
    });
    if (end == error->begin()) return std::nullopt;
    return std::string{error->begin(), end};
}

HostReport seen_at(WallTime now, WallTime expires_at, HostReport report) {
    if (is_final(report.status) || now < expires_at) return report;
    return {.host_id = std::move(report.host_id),
            .status = OrderStatus::expired,
            .reason = "expired",
            .bundle_id = std::nullopt,
            .updated_at = expires_at};
}

HostReport least_finished(const std::vector<HostReport>& reports) {
    HostReport all;
    const auto least = std::min_element(reports.begin(), reports.end(),
                                        [](const auto& a, const auto& b) { return a.status < b.status; });
    if (least == reports.end()) return all;
    all.status = least->status;
    for (const auto& report : reports) all.updated_at = std::max(all.updated_at, report.updated_at);
    return all;
}

}  // namespace agent
