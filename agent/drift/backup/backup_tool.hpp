#pragma once
// How a backup tool is asked, and what its answers mean. Everything here is pure.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drift/backup/backup_baseline.hpp"
#include "drift/backup/backup_points.hpp"
#include "host/process_runner.hpp"

namespace agent {

// A tool, asked read-only and without taking the repository's lock: a backup that runs meanwhile is not held up.
// Location and password go through the environment, never through the argument list, which everybody can read.
struct BackupTool {
    std::string_view name;
    std::string_view check_command;  // for a person who is told that the repository is damaged
    // The program with what opens the repository, for whoever adds what it is to do.
    Command (*open)(const BackupBaseline& baseline);
    // Which backups there are, only the last few of each series.
    Command (*list)(const BackupBaseline& baseline);
    Result<std::vector<BackupPoint>> (*parse_list)(std::string_view output);
    // How large one backup is.
    Command (*size)(const BackupBaseline& baseline, const BackupPoint& point);
    Result<std::int64_t> (*parse_size)(std::string_view output);
    // Names of the environment that the check itself sets.
    bool (*sets)(std::string_view name);
};

[[nodiscard]] const BackupTool& restic_tool() noexcept;
[[nodiscard]] const BackupTool& borg_tool() noexcept;

// Why a tool failed, by what it wrote to its standard error: its own first line, and what to do.
[[nodiscard]] Error explain_failure(const BackupTool& tool, int status, std::string_view standard_error);
// What it complained of although it ended well: backups that it could not load, which it leaves out of its list.
[[nodiscard]] std::optional<Error> damage_in(const BackupTool& tool, std::string_view standard_error);

// The password left out of every location in `text`: "https://user:***@host".
[[nodiscard]] std::string without_password(std::string_view text);

}  // namespace agent
