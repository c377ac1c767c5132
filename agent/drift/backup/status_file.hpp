#pragma once
// Files in which a backup job and a restore test say how they ended; the format is in config/README.md. Pure.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace agent {

enum class JobResult : std::uint8_t { ok, failed };

struct RestoreTest {
    std::optional<WallTime> last;  // nothing: never
    JobResult result{JobResult::ok};
    friend bool operator==(const RestoreTest&, const RestoreTest&) = default;
};

struct BackupStatus {
    std::optional<WallTime> last_success;  // nothing: never
    JobResult result{JobResult::ok};       // of the last run
    std::optional<std::int64_t> size_bytes;
    std::optional<WallTime> last_restore_test;
    friend bool operator==(const BackupStatus&, const BackupStatus&) = default;
};

// `malformed` names the member: an unknown one is refused, so that a misspelt one is not taken for an absent one.
[[nodiscard]] Result<BackupStatus> parse_backup_status(std::string_view json);
[[nodiscard]] Result<RestoreTest> parse_restore_test(std::string_view json);

}  // namespace agent
