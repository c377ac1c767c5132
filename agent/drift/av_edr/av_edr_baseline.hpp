#pragma once
// What the baseline says of the scanner.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "drift/check.hpp"

namespace agent {

// Of ClamAV we know how to ask it; of any other product the operator says how.
enum class AvProduct : std::uint8_t { clamav, other };

struct AvEdrBaseline {
    CheckSettings common;
    AvProduct product{AvProduct::clamav};
    std::string unit{"clamav-daemon.service"};        // empty: not looked at
    std::filesystem::path binary{"/usr/sbin/clamd"};  // empty: not looked at
    std::optional<std::string> sha256;                // of the binary; nothing: what its package recorded
    Duration restarts_window{std::chrono::hours{1}};
    // ClamAV alone:
    std::filesystem::path socket{"/run/clamav/clamd.ctl"};
    std::filesystem::path database{"/var/lib/clamav"};
    Duration signatures_age_most{std::chrono::days{3}};
    // Any other product:
    std::vector<std::string> command;  // empty: none
    std::optional<std::string> expect;
};

}  // namespace agent
