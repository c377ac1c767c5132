#pragma once
// The only maker of evidence: a draft becomes a bundle with its chain link, is serialised once, signed, and appended to
// chain and outbox.
#include <functional>
#include <optional>
#include <string>

#include "async/time_source.hpp"
#include "base/result.hpp"
#include "crypto/ed25519.hpp"
#include "model/bundle.hpp"
#include "store/state_store.hpp"

namespace agent {

// Who speaks in every bundle of this host.
struct Speaker {
    SiteId site_id;
    HostId host_id;
    DeploymentMode deployment_mode{DeploymentMode::direct};
    std::optional<std::string> reseller_id;
    std::string agent_version;
    std::string agent_build;
    std::string policy_version;
    std::string ruleset_hash;  // SHA-256 of the baseline file's bytes, lower-case hex
    std::optional<std::string> nixos_revision;
    std::optional<std::string> derivation_digest;
};

struct Recorded {
    BundleId bundle_id;
    std::int64_t sequence{};
    std::string sha256;
};

class Recorder {
public:
    Recorder(StateStore& store, const TimeSource& time, const PrivateKey& key, Speaker speaker);

    // Appends within `transaction`, so that an effect, its evidence and its queue entry commit together. A bundle that
    // would be over limits::bundle_bytes has its states replaced by their SHA-256 and size, then its outputs and
    // details cut, and says so in `error`; what would still be too large is `malformed`.
    [[nodiscard]] Result<Recorded> record(Transaction& transaction, EvidenceDraft draft);
    // The same in a transaction of its own.
    [[nodiscard]] Result<Recorded> record(EvidenceDraft draft);

    // After a reload of configuration or baseline.
    void change_speaker(Speaker speaker) { speaker_ = std::move(speaker); }
    [[nodiscard]] const Speaker& speaker() const noexcept { return speaker_; }
    // Measured clock offset for the bundles to come, and until when it tells anything; nothing while unknown.
    void set_ntp_offset(std::optional<std::int64_t> milliseconds, MonoTime until) {
        ntp_offset_ms_ = milliseconds;
        ntp_offset_until_ = until;
    }

private:
    StateStore& store_;
    const TimeSource& time_;
    const PrivateKey& key_;
    Speaker speaker_;
    std::optional<std::int64_t> ntp_offset_ms_;
    MonoTime ntp_offset_until_;
};

}  // namespace agent
