#pragma once
// agent.yaml (INTERFACE.md, "Agent configuration") as values. Loading reports all faults at once.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/time.hpp"
#include "codec/schema.hpp"
#include "config/file_checks.hpp"
#include "crypto/tls_context.hpp"
#include "model/ids.hpp"
#include "model/vocabulary.hpp"

namespace agent {

struct ServerSettings {
    std::string url;   // https://host[:port], checked, without a "/" at the end
    std::string host;  // IPv6 without brackets
    std::uint16_t port{443};
    std::filesystem::path ca_file{"/etc/compliance-agent/ca.pem"};
    std::filesystem::path cert_file{"/etc/compliance-agent/client.pem"};
    std::filesystem::path key_file{"/etc/compliance-agent/client.key"};
    std::vector<std::filesystem::path> receipt_keys{"/etc/compliance-agent/receipt.pub"};
    Duration poll_interval{60'000};
    Duration long_poll{25'000};
    Duration timeout{30'000};
    TlsVersion min_tls{TlsVersion::tls13};
    std::optional<std::string> proxy;  // nothing: the environment's
    std::vector<std::string> no_proxy;
    Duration backoff_base{1'000};
    Duration backoff_cap{300'000};
};

struct OrderKeySettings {
    std::filesystem::path file;
    int line{};  // where the configuration names it, for messages
    std::vector<std::string> runbooks{"*"};
    std::optional<WallTime> not_before;
    std::optional<WallTime> not_after;
};

struct OrderSettings {
    std::vector<OrderKeySettings> keys;
    std::int64_t threshold{1};
    Duration max_ttl{86'400'000};
};

struct EvidenceSettings {
    std::filesystem::path key_file;  // default: <state_dir>/evidence.key
    Duration heartbeat{3'600'000};
    std::int64_t keep_bundles{200};
    std::int64_t keep_days{2190};
};

struct CheckRunSettings {
    Duration interval{300'000};
    Duration timeout{60'000};
    std::filesystem::path baseline{"/etc/compliance-agent/baseline.yaml"};
};

struct HealingSettings {
    HealingMode mode{HealingMode::dry_run};
    std::filesystem::path runbooks{"/usr/share/compliance-agent/runbooks"};
    std::optional<std::filesystem::path> catalogue;  // nothing: what lies in `runbooks` is approved
    int catalogue_line{};
    std::vector<std::filesystem::path> catalogue_keys;
    std::vector<std::string> commands{"*"};                        // programs that runbooks may start; "*": all
    std::optional<std::string> maintenance_window{"02:00-04:00"};  // nothing: always. Its grammar is healing's to judge
    int maintenance_window_line{};
    Duration cooldown{600'000};
    std::int64_t max_per_day{6};
};

struct LogSettings {
    LogLevel level{LogLevel::info};
    LogTarget target{LogTarget::automatic};
};

struct AgentSettings {
    std::filesystem::path file;
    SiteId site_id;
    HostId host_id;
    DeploymentMode deployment_mode{DeploymentMode::direct};
    std::optional<std::string> reseller_id;
    std::filesystem::path state_dir{"/var/lib/compliance-agent"};
    std::string policy_version{"1.0"};
    ServerSettings server;
    OrderSettings orders;
    EvidenceSettings evidence;
    CheckRunSettings checks;
    HealingSettings healing;
    LogSettings log;
};

struct AgentSettingsOutcome {
    std::optional<AgentSettings> settings;  // only where there is no fault
    Faults faults;
};

// `default_host_id` stands where host_id is not given. Faults are in the order of their lines.
[[nodiscard]] AgentSettingsOutcome load_agent_settings(const std::filesystem::path& file, FileChecks checks,
                                                       std::string_view default_host_id);

// The private keys that this user may not read. With FileChecks::all they are no faults of the configuration, so that
// an ordinary user can look at it; the daemon cannot run without them.
[[nodiscard]] Faults closed_keys_of(const AgentSettings& settings);

}  // namespace agent
