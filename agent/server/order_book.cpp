#include "server/order_book.hpp"

#include "model/limits.hpp"
#include "server/rows.hpp"

namespace agent {
namespace {

Result<HostReport> report_of(const Statement& row) {
    const auto status = parse_word<OrderStatus>(row.text(1));
    if (!status) return Error{Errc::corrupt, "an order's status in the database is no status"};
    return HostReport{.host_id = HostId{row.text(0)},
                      .status = *status,
                      .reason = text_or_nothing(row, 2),
                      .bundle_id = text_or_nothing(row, 3),
                      .updated_at = to_time(row.integer(4))};
}

}  // namespace

bool AcceptedOrder::is_for(const SiteId& site, const HostId& host) const {
    return site == site_id && (host == host_id || host_id.str() == "*");
}

Result<std::optional<AcceptedOrder>> OrderBook::find(const OrderId& id) {
    AGENT_TRY(auto row, database_->prepare("SELECT site_id, host_id, identity, payload, accepted_at, expires_at "
                                           "FROM orders WHERE order_id = ?"));
    AGENT_TRY(const bool found, row.bind(1, std::string_view{id.str()}).step());
    if (!found) return std::optional<AcceptedOrder>{};
    return std::optional{AcceptedOrder{.order_id = id,
                                       .site_id = SiteId{row.text(0)},
                                       .host_id = HostId{row.text(1)},
                                       .identity = row.text(2),
                                       .payload = row.text(3),
                                       .accepted_at = to_time(row.integer(4)),
                                       .expires_at = to_time(row.integer(5))}};
}

Result<bool> OrderBook::add(const AcceptedOrder& order, std::string_view envelope) {
    AGENT_TRY(auto insert,
              database_->prepare("INSERT INTO orders (order_id, site_id, host_id, identity, payload, accepted_at, "
                                 "expires_at, envelope) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"));
    insert.bind(1, std::string_view{order.order_id.str()}).bind(2, std::string_view{order.site_id.str()});
    insert.bind(3, std::string_view{order.host_id.str()}).bind(4, std::string_view{order.identity});
    insert.bind(5, std::string_view{order.payload}).bind(6, to_column(order.accepted_at));
    AGENT_TRY(insert.bind(7, to_column(order.expires_at)).bind_blob(8, envelope).run());
    return database_->changes() > 0;
}

Result<PendingAnswer> OrderBook::pending(const SiteId& site, const HostId& host, std::int64_t limit, WallTime now) {
    AGENT_TRY(auto rows,
              database_->prepare("SELECT order_id, envelope FROM orders "
                                 "WHERE site_id = ?1 AND host_id IN (?2, '*') AND expires_at > ?3 AND NOT EXISTS "
                                 "(SELECT 1 FROM order_reports r WHERE r.order_id = orders.order_id AND r.host_id = ?2 "
                                 "AND r.final = 1) ORDER BY position LIMIT ?4"));
    rows.bind(1, std::string_view{site.str()}).bind(2, std::string_view{host.str()});
    rows.bind(3, to_column(now)).bind(4, limit + 1);
    PendingAnswer answer;
    std::size_t bytes = 0;
    for (;;) {
        AGENT_TRY(const bool row, rows.step());
        if (!row) return answer;
        Offer offer{.id = rows.text(0), .envelope = rows.text(1)};
        // Of one offer's line: its id, the names of its members, punctuation.
        constexpr std::size_t around = limits::order_id_length + 64;
        bytes += offer.envelope.size() + around;
        answer.more = answer.offers.size() == static_cast<std::size_t>(limit) || bytes > limits::pending_answer_bytes;
        if (answer.more) return answer;
        answer.offers.push_back(std::move(offer));
    }
}

Result<std::vector<HostReport>> OrderBook::reports(const OrderId& id) {
    AGENT_TRY(auto rows, database_->prepare("SELECT host_id, status, reason, bundle_id, updated_at FROM order_reports "
                                            "WHERE order_id = ? ORDER BY host_id"));
    rows.bind(1, std::string_view{id.str()});
    std::vector<HostReport> reports;
    for (;;) {
        AGENT_TRY(const bool row, rows.step());
        if (!row) return reports;
        AGENT_TRY(auto report, report_of(rows));
        reports.push_back(std::move(report));
    }
}

Result<> OrderBook::report(const OrderId& id, const HostReport& report) {
    AGENT_TRY(const auto earlier, reports(id));
    std::optional<OrderStatus> before;
    for (const auto& known : earlier)
        if (known.host_id == report.host_id) before = known.status;
    if (!supersedes(report.status, before)) return ok();
    AGENT_TRY(auto write,
              database_->prepare("INSERT INTO order_reports (order_id, host_id, status, final, reason, bundle_id, "
                                 "updated_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                                 "status = excluded.status, final = excluded.final, reason = excluded.reason, "
                                 "bundle_id = excluded.bundle_id, updated_at = excluded.updated_at"));
    write.bind(1, std::string_view{id.str()}).bind(2, std::string_view{report.host_id.str()});
    write.bind(3, to_string(report.status)).bind(4, std::int64_t{is_final(report.status)});
    return write.bind(5, report.reason).bind(6, report.bundle_id).bind(7, to_column(report.updated_at)).run();
}

}  // namespace agent
