#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace agent {

struct HostAddition {
    std::string site_id;
    std::string host_id;
    std::filesystem::path evidence_key;  // public, PEM
};

// `compliance-server host add`: also while the server runs, and before its first start. Adding a key again is fine; all
// keys of a host stay valid. Gives the exit status: 0, 2, 64 or 78.
[[nodiscard]] int add_host(const std::filesystem::path& config, const HostAddition& addition);

enum class ListFormat : std::uint8_t { table, json };

// `compliance-server host list`.
[[nodiscard]] int print_hosts(const std::filesystem::path& config, ListFormat format);

}  // namespace agent
