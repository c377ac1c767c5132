#pragma once
// The hosts a server knows: those added with an evidence key, and those that called.
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "crypto/ed25519.hpp"
#include "model/ids.hpp"
#include "store/database.hpp"

namespace agent {

struct KnownHost {
    SiteId site_id;
    HostId host_id;
    bool enrolled{};
    std::optional<WallTime> last_seen;
};

class HostRegistry {
public:
    explicit HostRegistry(Database& database) : database_{&database} {}

    // True: the key is new for this host. All keys added for a host stay valid (PROTOCOL.md section 6).
    [[nodiscard]] Result<bool> add_key(const SiteId& site, const HostId& host, const PublicKey& key, WallTime now);
    // Empty for a host that was not added.
    [[nodiscard]] Result<std::vector<PublicKey>> keys(const SiteId& site, const HostId& host);

    // Remembered in memory; written by write_seen, along with what is written anyway.
    void saw(const SiteId& site, const HostId& host, WallTime now);
    // Give it a transaction to live in.
    [[nodiscard]] Result<> write_seen();

    // By site and host, with what is remembered and not yet written.
    [[nodiscard]] Result<std::vector<KnownHost>> list();
    // Those whose first evidence key was added before `when`.
    [[nodiscard]] Result<std::vector<HostId>> enrolled_before(const SiteId& site, WallTime when);

private:
    Database* database_;
    std::map<std::pair<SiteId, HostId>, WallTime> seen_;
};

}  // namespace agent
