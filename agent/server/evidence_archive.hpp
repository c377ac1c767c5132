#pragma once
// Every bundle that came, kept for good, with its place in its host's chain. What does not fit is kept and flagged,
// never refused (PROTOCOL.md section 6).
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "codec/bundle_codec.hpp"
#include "model/ids.hpp"
#include "store/database.hpp"

namespace agent {

// META of PROTOCOL.md section 6.
struct ArchivedBundle {
    std::int64_t position{};
    BundleId bundle_id;
    std::string sha256;
    SiteId site_id;
    HostId host_id;
    WallTime received_at;
    std::string check;
    std::optional<std::string> result;
    std::string outcome;
    std::optional<std::string> order_id;
    std::string epoch;
    std::int64_t sequence{};
    bool gap{};   // the bundle before it has not come (yet), or other bytes came in its place
    bool fork{};  // it does not fit what was there when it came
};

struct BundleDocuments {
    std::string bytes;
    std::string signature;
    std::string receipt;  // the envelope
};

struct EvidenceFilter {
    std::optional<std::string> site_id;
    std::optional<std::string> host_id;
    std::int64_t after{};  // position
    std::int64_t limit{100};
};

// Of the epoch that began last; the counts are of all the host's epochs.
struct ChainState {
    std::optional<std::string> epoch;
    std::int64_t sequence{};
    std::optional<std::string> head_sha256;
    std::int64_t gaps{};  // places before which something is missing
    std::int64_t forks{};
};

class EvidenceArchive {
public:
    explicit EvidenceArchive(Database& database) : database_{&database} {}

    // False: a bundle of this id is there already. Part of the caller's transaction.
    [[nodiscard]] Result<bool> add(const BundleSummary& summary, const std::string& sha256, WallTime received_at,
                                   const BundleDocuments& documents);

    // A UUID in upper case is the same.
    [[nodiscard]] Result<std::optional<ArchivedBundle>> find(const BundleId& id);
    // In order of arrival.
    [[nodiscard]] Result<std::vector<ArchivedBundle>> list(const EvidenceFilter& filter);
    [[nodiscard]] Result<BundleDocuments> documents(std::int64_t position);
    [[nodiscard]] Result<ChainState> chain(const SiteId& site, const HostId& host);

private:
    struct Place;
    [[nodiscard]] Result<Place> place(const BundleSummary& summary, const std::string& sha256);
    [[nodiscard]] Result<> advance_chain(const BundleSummary& summary, const std::string& sha256,
                                         std::int64_t position);
    [[nodiscard]] Result<std::int64_t> count(std::string_view sql, const SiteId& site, const HostId& host);

    Database* database_;
};

}  // namespace agent
