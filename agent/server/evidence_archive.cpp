#include "server/evidence_archive.hpp"

#include <algorithm>

#include "server/rows.hpp"

namespace agent {
namespace {

constexpr std::string_view meta_columns =
    "position, bundle_id, sha256, site_id, host_id, received_at, check_name, result, outcome, order_id, epoch, "
    "sequence, gap, fork";

ArchivedBundle meta_of(const Statement& row) {
    return {.position = row.integer(0),
            .bundle_id = BundleId{row.text(1)},
            .sha256 = row.text(2),
            .site_id = SiteId{row.text(3)},
            .host_id = HostId{row.text(4)},
            .received_at = to_time(row.integer(5)),
            .check = row.text(6),
            .result = text_or_nothing(row, 7),
            .outcome = row.text(8),
            .order_id = text_or_nothing(row, 9),
            .epoch = row.text(10),
            .sequence = row.integer(11),
            .gap = row.integer(12) != 0,
            .fork = row.integer(13) != 0};
}

void bind_host(Statement& statement, const SiteId& site, const HostId& host) {
    statement.bind(1, std::string_view{site.str()}).bind(2, std::string_view{host.str()});
}

bool is_zeros(std::string_view digest) { return digest.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

struct EvidenceArchive::Place {
    bool gap{};
    bool fork{};
};

// Looks at the bundle's neighbours in its epoch.
Result<EvidenceArchive::Place> EvidenceArchive::place(const BundleSummary& summary, const std::string& sha256) {
    const auto sequence = summary.chain.sequence;
    AGENT_TRY(auto rows, database_->prepare("SELECT sequence, sha256, previous_sha256 FROM bundles WHERE site_id = ? "
                                            "AND host_id = ? AND epoch = ? AND sequence BETWEEN ? AND ?"));
    bind_host(rows, summary.site_id, summary.host_id);
    rows.bind(3, std::string_view{summary.chain.epoch}).bind(4, sequence - 1);
    rows.bind(5, sequence == INT64_MAX ? sequence : sequence + 1);
    bool twin = false;
    bool before = false;
    bool before_fits = false;
    bool after_differs = false;
    for (;;) {
        AGENT_TRY(const bool row, rows.step());
        if (!row) break;
        if (rows.integer(0) == sequence) {
            twin = true;
        } else if (rows.integer(0) < sequence) {
            before = true;
            before_fits = before_fits || rows.text(1) == summary.chain.previous_sha256;
        } else {
            after_differs = after_differs || rows.text(2) != sha256;
        }
    }
    Place place;
    place.gap = sequence > 1 && !before;
    place.fork = twin || after_differs || (before && !before_fits) ||
                 (sequence == 1 && !is_zeros(summary.chain.previous_sha256));
    return place;
}

Result<bool> EvidenceArchive::add(const BundleSummary& summary, const std::string& sha256, WallTime received_at,
                                  const BundleDocuments& documents) {
    AGENT_TRY(const auto where, place(summary, sha256));
    AGENT_TRY(auto insert,
              database_->prepare("INSERT INTO bundles (site_id, host_id, bundle_id, sha256, received_at, check_name, "
                                 "result, outcome, order_id, epoch, sequence, previous_sha256, gap, fork) "
                                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"));
    bind_host(insert, summary.site_id, summary.host_id);
    insert.bind(3, std::string_view{summary.bundle_id.str()}).bind(4, std::string_view{sha256});
    insert.bind(5, to_column(received_at)).bind(6, std::string_view{summary.check});
    summary.result ? insert.bind(7, to_string(*summary.result)) : insert.bind_null(7);
    insert.bind(8, to_string(summary.outcome));
    summary.order_id ? insert.bind(9, std::string_view{summary.order_id->str()}) : insert.bind_null(9);
    insert.bind(10, std::string_view{summary.chain.epoch}).bind(11, summary.chain.sequence);
    insert.bind(12, std::string_view{summary.chain.previous_sha256});
    AGENT_TRY(insert.bind(13, std::int64_t{where.gap}).bind(14, std::int64_t{where.fork}).run());
    if (database_->changes() == 0) return false;
    const auto position = database_->last_insert_rowid();

    AGENT_TRY(auto keep, database_->prepare("INSERT INTO bundle_documents (position, bytes, signature, receipt) "
                                            "VALUES (?, ?, ?, ?)"));
    keep.bind(1, position).bind_blob(2, documents.bytes).bind_blob(3, documents.signature);
    AGENT_TRY(keep.bind(4, std::string_view{documents.receipt}).run());
    AGENT_TRY(advance_chain(summary, sha256, position));
    return true;
}

Result<> EvidenceArchive::advance_chain(const BundleSummary& summary, const std::string& sha256,
                                        std::int64_t position) {
    const auto& chain = summary.chain;
    if (chain.sequence < INT64_MAX) {
        AGENT_TRY(auto fill, database_->prepare("UPDATE bundles SET gap = 0 WHERE site_id = ? AND host_id = ? "
                                                "AND epoch = ? AND sequence = ? AND gap = 1 AND previous_sha256 = ?"));
        bind_host(fill, summary.site_id, summary.host_id);
        fill.bind(3, std::string_view{chain.epoch}).bind(4, chain.sequence + 1);
        AGENT_TRY(fill.bind(5, std::string_view{sha256}).run());
    }
    AGENT_TRY(auto head,
              database_->prepare("INSERT INTO chains (site_id, host_id, epoch, began, sequence, head_sha256) "
                                 "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                                 "sequence = excluded.sequence, head_sha256 = excluded.head_sha256 "
                                 "WHERE excluded.sequence > chains.sequence"));
    bind_host(head, summary.site_id, summary.host_id);
    head.bind(3, std::string_view{chain.epoch}).bind(4, position).bind(5, chain.sequence);
    return head.bind(6, std::string_view{sha256}).run();
}

Result<std::optional<ArchivedBundle>> EvidenceArchive::find(const BundleId& id) {
    AGENT_TRY(auto row, database_->prepare("SELECT " + std::string{meta_columns} +
                                           " FROM bundles WHERE bundle_id = ? COLLATE NOCASE"));
    AGENT_TRY(const bool found, row.bind(1, std::string_view{id.str()}).step());
    if (!found) return std::optional<ArchivedBundle>{};
    return std::optional{meta_of(row)};
}

Result<std::vector<ArchivedBundle>> EvidenceArchive::list(const EvidenceFilter& filter) {
    std::string sql = "SELECT " + std::string{meta_columns} + " FROM bundles WHERE position > ?1";
    if (filter.site_id) sql += " AND site_id = ?3";
    if (filter.host_id) sql += " AND host_id = ?4";
    AGENT_TRY(auto rows, database_->prepare(sql + " ORDER BY position LIMIT ?2"));
    rows.bind(1, filter.after).bind(2, filter.limit);
    if (filter.site_id) rows.bind(3, filter.site_id);
    if (filter.host_id) rows.bind(4, filter.host_id);
    std::vector<ArchivedBundle> list;
    for (;;) {
        AGENT_TRY(const bool row, rows.step());
        if (!row) return list;
        list.push_back(meta_of(rows));
    }
}

Result<BundleDocuments> EvidenceArchive::documents(std::int64_t position) {
    AGENT_TRY(auto row,
              database_->prepare("SELECT bytes, signature, receipt FROM bundle_documents WHERE position = ?"));
    AGENT_TRY(const bool found, row.bind(1, position).step());
    if (!found) return Error{Errc::corrupt, "a bundle in the database has lost its bytes"};
    return BundleDocuments{.bytes = row.text(0), .signature = row.text(1), .receipt = row.text(2)};
}

Result<std::int64_t> EvidenceArchive::count(std::string_view sql, const SiteId& site, const HostId& host) {
    AGENT_TRY(auto row, database_->prepare(sql));
    bind_host(row, site, host);
    AGENT_TRY(const bool found, row.step());
    return found ? row.integer(0) : 0;
}

Result<ChainState> EvidenceArchive::chain(const SiteId& site, const HostId& host) {
    ChainState state;
    AGENT_TRY(auto row, database_->prepare("SELECT epoch, sequence, head_sha256 FROM chains WHERE site_id = ? "
                                           "AND host_id = ? ORDER BY began DESC LIMIT 1"));
    bind_host(row, site, host);
    AGENT_TRY(const bool found, row.step());
    if (!found) return state;
    state.epoch = row.text(0);
    state.sequence = row.integer(1);
    state.head_sha256 = row.text(2);
    AGENT_TRY(state.gaps, count("SELECT count(*) FROM (SELECT DISTINCT epoch, sequence FROM bundles WHERE site_id = ? "
                                "AND host_id = ? AND gap = 1)",
                                site, host));
    AGENT_TRY(state.forks,
              count("SELECT count(*) FROM bundles WHERE site_id = ? AND host_id = ? AND fork = 1", site, host));
    return state;
}

}  // namespace agent
