#pragma once
// From what was seen of the backups to the report. Pure.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "drift/backup/backup_baseline.hpp"
#include "drift/backup/backup_points.hpp"
#include "drift/backup/secret_files.hpp"
#include "drift/backup/status_file.hpp"
#include "model/check.hpp"

namespace agent {

// What one look found out; an error where it could not.
struct BackupView {
    std::string host;                         // whose backups count; "*": all
    Result<std::vector<BackupPoint>> points;  // that count, the oldest first
    std::vector<std::string> other_hosts;     // that have backups there which do not count
    std::optional<Error> damage;              // backups that the tool could not load
    std::optional<JobResult> last_run;        // where a status file tells of it
    std::optional<std::int64_t> size;         // of the newest
    std::vector<std::int64_t> earlier_sizes;
    std::optional<Error> size_unknown;
    Result<std::optional<RestoreTest>> restore_test;  // nothing: nobody writes down restore tests
    std::vector<SecretFile> secrets;
};

[[nodiscard]] CheckReport judge_backup(const BackupBaseline& baseline, const BackupView& view, WallTime now);

// Where the baseline says of no backup.
[[nodiscard]] CheckReport report_undeclared(const BackupBaseline& baseline);

}  // namespace agent
