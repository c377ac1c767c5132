#include "server/host_registry.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "server/rows.hpp"

namespace agent {
namespace {

Result<PublicKey> key_of(const std::string& column) {
    PublicKey::Raw raw{};
    if (column.size() != raw.size()) return Error{Errc::corrupt, "an evidence key in the database is no key"};
    std::ranges::copy(bytes_of(column), raw.begin());
    return PublicKey::from_raw(raw);
}

}  // namespace

Result<bool> HostRegistry::add_key(const SiteId& site, const HostId& host, const PublicKey& key, WallTime now) {
    AGENT_TRY(auto transaction, Transaction::begin(*database_));
    AGENT_TRY(auto enrol, database_->prepare("INSERT INTO hosts (site_id, host_id, enrolled) VALUES (?, ?, 1) "
                                             "ON CONFLICT DO UPDATE SET enrolled = 1"));
    AGENT_TRY(enrol.bind(1, std::string_view{site.str()}).bind(2, std::string_view{host.str()}).run());
    AGENT_TRY(auto add, database_->prepare("INSERT INTO evidence_keys (site_id, host_id, key_id, public_key, added_at) "
                                           "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"));
    add.bind(1, std::string_view{site.str()}).bind(2, std::string_view{host.str()});
    add.bind(3, std::string_view{key.key_id().str()}).bind_blob(4, text_of(key.raw())).bind(5, to_column(now));
    AGENT_TRY(add.run());
    const bool added = database_->changes() > 0;
    AGENT_TRY(transaction.commit());
    return added;
}

Result<std::vector<PublicKey>> HostRegistry::keys(const SiteId& site, const HostId& host) {
    AGENT_TRY(auto rows, database_->prepare("SELECT public_key FROM evidence_keys WHERE site_id = ? AND host_id = ? "
                                            "ORDER BY added_at DESC, key_id"));
    rows.bind(1, std::string_view{site.str()}).bind(2, std::string_view{host.str()});
    std::vector<PublicKey> keys;
    for (;;) {
        AGENT_TRY(const bool row, rows.step());
        if (!row) return keys;
        AGENT_TRY(auto key, key_of(rows.text(0)));
        keys.push_back(std::move(key));
    }
}

void HostRegistry::saw(const SiteId& site, const HostId& host, WallTime now) { seen_[{site, host}] = now; }

Result<> HostRegistry::write_seen() {
    if (seen_.empty()) return ok();
    AGENT_TRY(auto write, database_->prepare("INSERT INTO hosts (site_id, host_id, enrolled, last_seen) "
                                             "VALUES (?, ?, 0, ?) "
                                             "ON CONFLICT DO UPDATE SET last_seen = excluded.last_seen"));
    for (const auto& [host, when] : seen_) {
        write.bind(1, std::string_view{host.first.str()}).bind(2, std::string_view{host.second.str()});
        AGENT_TRY(write.bind(3, to_column(when)).run());
    }
    seen_.clear();
    return ok();
}

Result<std::vector<KnownHost>> HostRegistry::list() {
    AGENT_TRY(auto rows, database_->prepare("SELECT site_id, host_id, enrolled, last_seen FROM hosts"));
    std::map<std::pair<SiteId, HostId>, KnownHost> hosts;
    for (;;) {
        AGENT_TRY(const bool row, rows.step());
        if (!row) break;
        KnownHost host{.site_id = SiteId{rows.text(0)},
                       .host_id = HostId{rows.text(1)},
                       .enrolled = rows.integer(2) != 0,
                       .last_seen = std::nullopt};
        if (!rows.is_null(3)) host.last_seen = to_time(rows.integer(3));
        auto key = std::pair{host.site_id, host.host_id};
        hosts.emplace(std::move(key), std::move(host));
    }
    for (const auto& [key, when] : seen_) {
        auto& host = hosts[key];
        host.site_id = key.first;
        host.host_id = key.second;
        host.last_seen = when;
    }
    std::vector<KnownHost> list;
    list.reserve(hosts.size());
    for (auto& [key, host] : hosts) list.push_back(std::move(host));
    return list;
}

Result<std::vector<HostId>> HostRegistry::enrolled_before(const SiteId& site, WallTime when) {
    AGENT_TRY(auto rows, database_->prepare("SELECT host_id FROM evidence_keys WHERE site_id = ? GROUP BY host_id "
                                            "HAVING min(added_at) < ? ORDER BY host_id"));
    rows.bind(1, std::string_view{site.str()}).bind(2, to_column(when));
    std::vector<HostId> hosts;
    for (;;) {
        AGENT_TRY(const bool row, rows.step());
        if (!row) return hosts;
        hosts.emplace_back(rows.text(0));
    }
}

}  // namespace agent
