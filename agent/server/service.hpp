#pragma once
// What the endpoints stand on.
#include <optional>
#include <string>

#include "async/time_source.hpp"
#include "crypto/certificate.hpp"
#include "crypto/ed25519.hpp"
#include "orders/keyring.hpp"
#include "server/evidence_archive.hpp"
#include "server/host_registry.hpp"
#include "server/order_book.hpp"
#include "store/database.hpp"

namespace agent {

struct Service {
    Service(Database opened, TimeSource& clock, PrivateKey receipt_signer, Keyring order_keyring)
        : database{std::move(opened)},
          time{clock},
          receipt_key{std::move(receipt_signer)},
          order_keys{std::move(order_keyring)} {}
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    Service(Service&&) = delete;
    Service& operator=(Service&&) = delete;
    ~Service() = default;

    Database database;
    TimeSource& time;
    PrivateKey receipt_key;
    Keyring order_keys;  // replaced on reload
    HostRegistry hosts{database};
    OrderBook orders{database};
    EvidenceArchive evidence{database};
};

// Who is calling: by certificate alone (PROTOCOL.md section 1).
struct Caller {
    std::optional<PeerIdentity> identity;
    std::string why_unknown;  // where there is no identity

    [[nodiscard]] bool is_host() const noexcept { return identity && identity->is_host(); }
    [[nodiscard]] SiteId site_id() const { return SiteId{identity->site_id}; }
    [[nodiscard]] HostId host_id() const { return HostId{identity->host_id}; }
};

// "host srv-01 of clinic-001", "operator jo".
[[nodiscard]] std::string describe(const PeerIdentity& identity);

}  // namespace agent
