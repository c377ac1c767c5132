#pragma once
// The order server's configuration (INTERFACE.md, "Server configuration").
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

namespace agent {

struct OrderServerSettings {
    std::filesystem::path file;
    std::string listen_address{"127.0.0.1"};  // numeric
    std::uint16_t listen_port{8443};
    std::string trust_domain;
    TlsFiles tls;
    std::filesystem::path state_dir{"/var/lib/compliance-server"};
    std::filesystem::path receipt_key_file;  // default: <state_dir>/receipt.key
    std::vector<std::filesystem::path> order_keys;
    // Beyond INTERFACE.md, with defaults: limits of a small production server.
    std::int64_t max_connections{1024};
    Duration phase_timeout{30'000};  // per handshake, header, body, answer; idle connections get twice as long
    LogLevel log_level{LogLevel::info};
    LogTarget log_target{LogTarget::automatic};
};

struct OrderServerSettingsOutcome {
    std::optional<OrderServerSettings> settings;  // only where there is no fault
    Faults faults;
};

// All faults at once, in the order of their lines. A missing receipt key is none: it is made at first start.
[[nodiscard]] OrderServerSettingsOutcome load_order_server_settings(const std::filesystem::path& file,
                                                                    FileChecks checks = FileChecks::all);

}  // namespace agent
