#pragma once
// Orders as accepted, offered to their audience until they are finished, and what became of them.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/offers.hpp"
#include "server/order_progress.hpp"
#include "store/database.hpp"

namespace agent {

struct AcceptedOrder {
    OrderId order_id;
    SiteId site_id;
    HostId host_id;        // may be "*"
    std::string identity;  // envelope_identity of its envelope
    std::string payload;   // base64
    WallTime accepted_at;
    WallTime expires_at;

    [[nodiscard]] bool is_for(const SiteId& site, const HostId& host) const;
};

class OrderBook {
public:
    explicit OrderBook(Database& database) : database_{&database} {}

    [[nodiscard]] Result<std::optional<AcceptedOrder>> find(const OrderId& id);
    // False: an order of this id is there already. Part of the caller's transaction.
    [[nodiscard]] Result<bool> add(const AcceptedOrder& order, std::string_view envelope);

    // What is open for this host at `now`, oldest first; `more` where `limit` or limits::pending_answer_bytes cut.
    [[nodiscard]] Result<PendingAnswer> pending(const SiteId& site, const HostId& host, std::int64_t limit,
                                                WallTime now);

    [[nodiscard]] Result<std::vector<HostReport>> reports(const OrderId& id);
    // Kept if it supersedes what was reported before. Part of the caller's transaction.
    [[nodiscard]] Result<> report(const OrderId& id, const HostReport& report);

private:
    Database* database_;
};

}  // namespace agent
