#pragma once
// What a backup tool is told to do, beyond the questions of the check: make a backup, tell the files of one, restore
// some of them. Everything here is pure.
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "drift/backup/backup_tool.hpp"

namespace agent {

struct BackupJob {
    std::vector<std::filesystem::path> paths;
    std::vector<std::filesystem::path> exclude;  // with all below them
    std::string label;                           // restic: the tag; borg: in the archive's name
    WallTime now;
};

// A regular file with content, in a backup.
struct BackedUpFile {
    std::filesystem::path path;
    std::uint64_t size{};
    WallTime modified;   // to the millisecond
    std::string sha256;  // where the tool tells it
    bool is_damaged{};   // the tool itself says so
};

struct BackupWork {
    int warning;  // the exit status of work that was done with warnings; 0: there is none
    // `refused` where the baseline would not count what is made.
    Result<Command> (*back_up)(const BackupBaseline& baseline, const BackupJob& job);
    // Whether a backup holds all it should, by how the tool ended.
    bool (*is_complete)(const CommandExit& exit);
    // What is at or below `paths`; everything if empty.
    Command (*files)(const BackupBaseline& baseline, const BackupPoint& point,
                     const std::vector<std::filesystem::path>& paths);
    Result<std::vector<BackedUpFile>> (*parse_files)(std::string_view output);
    // Below the folder `into`, under their whole paths.
    Command (*restore)(const BackupBaseline& baseline, const BackupPoint& point, const std::vector<BackedUpFile>& files,
                       const std::filesystem::path& into);
    // Has the tool read those files and tell their checksums, as `files` does; null where it checks them as it
    // restores.
    Command (*digests)(const BackupBaseline& baseline, const BackupPoint& point,
                       const std::vector<BackedUpFile>& files);
};

[[nodiscard]] const BackupWork& restic_work() noexcept;
[[nodiscard]] const BackupWork& borg_work() noexcept;
[[nodiscard]] const BackupWork& work_of(const BackupTool& tool) noexcept;

// Each line of `output` that is whole, by `parse_line`, which may give nothing.
[[nodiscard]] Result<std::vector<BackedUpFile>> parse_file_lines(
    std::string_view output, Result<std::optional<BackedUpFile>> (*parse_line)(const Value& line));

}  // namespace agent
