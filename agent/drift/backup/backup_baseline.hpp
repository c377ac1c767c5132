#pragma once
// What the baseline says of backups.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "drift/check.hpp"

namespace agent {

enum class BackupKind : std::uint8_t { undeclared, restic, borg, status_file };

struct BackupBaseline {
    CheckSettings common;
    BackupKind kind{BackupKind::undeclared};
    std::string repository;  // of restic and borg: a path or what the tool takes for one
    std::optional<std::filesystem::path> password_file;
    std::optional<std::filesystem::path> environment_file;  // NAME=value lines for the tool
    std::optional<std::filesystem::path> program;           // else where Debian has it
    std::optional<std::filesystem::path> cache;             // where the tool keeps what it knows of the repository
    std::optional<std::string> host;                        // whose backups count; nothing: this machine's; "*": all
    std::vector<std::string> tags;                          // restic: any of these
    std::vector<std::string> paths;                         // restic: all of these
    std::optional<std::string> archives;                    // borg: names that match this pattern
    std::filesystem::path status_file;
    std::optional<std::filesystem::path> restore_test_file;
    Duration age_high{std::chrono::hours{24}};
    Duration age_critical{std::chrono::hours{48}};
    Duration restore_age_most{std::chrono::days{30}};
    std::int64_t size_percent{50};  // of the median; less is a collapse
    std::int64_t size_of_last{10};  // backups that the median is of; 0: sizes are not looked at
};

// Whether `host` is whose backups count; `here` is the name of this machine. A name without a domain matches one with.
[[nodiscard]] bool counts_for(const BackupBaseline& baseline, const std::string& here, const std::string& host);

}  // namespace agent
