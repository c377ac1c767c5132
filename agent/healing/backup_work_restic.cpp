#include <algorithm>

#include "codec/members.hpp"
#include "healing/backup_work.hpp"

namespace agent {
namespace {

// A path that restic takes for a pattern, matching nothing but itself.
std::string literal_pattern(const std::filesystem::path& path) {
    std::string pattern;
    for (const char c : path.native()) {
        if (std::string_view{R"(*?[]\)"}.find(c) != std::string_view::npos) pattern += '\\';
        pattern += c;
    }
    return pattern;
}

Result<Command> restic_back_up(const BackupBaseline& baseline, const BackupJob& job) {
    for (const auto& wanted : baseline.paths)
        if (std::find(job.paths.begin(), job.paths.end(), std::filesystem::path{wanted}) == job.paths.end())
            return Error{Errc::refused, "the baseline counts only backups of " + wanted +
                                            ", which this runbook does not back up: add it to `paths`"};
    auto command = restic_tool().open(baseline);
    command.arguments.insert(command.arguments.end(), {"--quiet", "backup", "--tag=" + job.label});
    // So that the check counts it.
    if (!baseline.tags.empty()) command.arguments.push_back("--tag=" + baseline.tags.front());
    if (baseline.host && *baseline.host != "*") command.arguments.push_back("--host=" + *baseline.host);
    for (const auto& path : job.exclude) command.arguments.push_back("--exclude=" + literal_pattern(path));
    command.arguments.emplace_back("--");
    for (const auto& path : job.paths) command.arguments.push_back(path.native());
    return command;
}

// 3: a backup was made, but without files that could not be read.
bool restic_is_complete(const CommandExit& exit) { return exit.status == 0; }

Command restic_files(const BackupBaseline& baseline, const BackupPoint& point,
                     const std::vector<std::filesystem::path>& paths) {
    auto command = restic_tool().open(baseline);
    command.arguments.insert(command.arguments.end(), {"--json", "--no-lock", "ls"});
    if (!paths.empty()) command.arguments.emplace_back("--recursive");
    command.arguments.push_back(point.name);
    for (const auto& path : paths) command.arguments.push_back(path.native());
    return command;
}

Result<std::optional<BackedUpFile>> parse_restic_file(const Value& line) {
    AGENT_TRY(const auto node, Members::of(line, {}));
    const auto* type = node.find("type");
    if (type == nullptr || type->string() == nullptr || *type->string() != "file" || node.find("size") == nullptr)
        return std::optional<BackedUpFile>{};
    BackedUpFile file;
    AGENT_TRY(file.path, node.string("path"));
    AGENT_TRY(const auto size, node.integer("size"));
    file.size = static_cast<std::uint64_t>(std::max<std::int64_t>(size, 0));
    AGENT_TRY(const auto modified, node.string("mtime"));
    AGENT_TRY(file.modified, parse_tool_time(modified));
    return std::optional{std::move(file)};
}

Result<std::vector<BackedUpFile>> restic_parse_files(std::string_view output) {
    return parse_file_lines(output, &parse_restic_file);
}

Command restic_restore(const BackupBaseline& baseline, const BackupPoint& point, const std::vector<BackedUpFile>& files,
                       const std::filesystem::path& into) {
    auto command = restic_tool().open(baseline);
    // --verify reads what was written and compares it with the checksums of the backup.
    command.arguments.insert(command.arguments.end(),
                             {"--no-lock", "--quiet", "restore", "--verify", "--target=" + into.native(), point.name});
    for (const auto& file : files) command.arguments.push_back("--include=" + literal_pattern(file.path));
    return command;
}

}  // namespace

const BackupWork& restic_work() noexcept {
    static constexpr BackupWork work{
        0, &restic_back_up, &restic_is_complete, &restic_files, &restic_parse_files, &restic_restore, nullptr};
    return work;
}

}  // namespace agent
