#include <algorithm>

#include "codec/members.hpp"
#include "healing/backup_work.hpp"

namespace agent {
namespace {

constexpr int borg_warning = 1;

// "name-2026-01-31T09:30:00", put in place of the "*" of the names that the baseline counts.
Result<std::string> archive_name(const BackupBaseline& baseline, const BackupJob& job) {
    constexpr std::size_t to_seconds = 19;
    const auto own = job.label + '-' + format_rfc3339(job.now).substr(0, to_seconds);
    if (!baseline.archives) return own;
    auto name = *baseline.archives;
    const auto star = name.find('*');
    if (star == std::string::npos || name.find_first_of("*?[{/", star + 1) != std::string::npos ||
        name.find_first_of("?[{/") < star)
        return Error{Errc::refused, "no archive's name can be made of the baseline's `archives` (" + name +
                                        "): it must have one \"*\" and no other wildcard"};
    name.replace(star, 1, own);
    return name;
}

Result<Command> borg_back_up(const BackupBaseline& baseline, const BackupJob& job) {
    AGENT_TRY(const auto name, archive_name(baseline, job));
    auto command = borg_tool().open(baseline);
    command.arguments.emplace_back("create");
    for (const auto& path : job.exclude) command.arguments.push_back("--exclude=pp:" + path.native());
    command.arguments.push_back("::" + name);
    for (const auto& path : job.paths) command.arguments.push_back(path.native());
    return command;
}

// Borg warns of whatever it left out, but also of a file that was written to meanwhile, which is in the backup and
// happens every day.
bool borg_is_complete(const CommandExit& exit) {
    if (exit.status != borg_warning) return exit.status == 0;
    const auto& said = exit.standard_error;
    if (!said.complete() || !said.tail.empty()) return false;
    for (std::string_view rest{said.head}; !rest.empty();) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (!line.empty() && !line.ends_with("file changed while we backed it up")) return false;
    }
    return true;
}

Command list_of_files(const BackupBaseline& baseline, const BackupPoint& point, std::string_view format) {
    auto command = borg_tool().open(baseline);
    command.arguments.insert(command.arguments.end(), {"--bypass-lock", "list", "--json-lines"});
    command.arguments.push_back("--format=" + std::string{format});
    command.arguments.push_back("::" + point.name);
    return command;
}

Command borg_files(const BackupBaseline& baseline, const BackupPoint& point,
                   const std::vector<std::filesystem::path>& paths) {
    auto command = list_of_files(baseline, point, "{size}{isomtime}{NL}");
    for (const auto& path : paths) command.arguments.push_back("pp:" + path.native());
    return command;
}

Command borg_digests(const BackupBaseline& baseline, const BackupPoint& point, const std::vector<BackedUpFile>& files) {
    auto command = list_of_files(baseline, point, "{size}{isomtime}{sha256}{NL}");
    for (const auto& file : files) command.arguments.push_back("pp:" + file.path.native());
    return command;
}

Result<std::optional<BackedUpFile>> parse_borg_file(const Value& line) {
    AGENT_TRY(const auto item, Members::of(line, {}));
    AGENT_TRY(const auto type, item.string("type"));
    if (type != "-") return std::optional<BackedUpFile>{};
    BackedUpFile file;
    AGENT_TRY(const auto path, item.string("path"));
    file.path = "/" + path;
    AGENT_TRY(const auto size, item.integer("size"));
    file.size = static_cast<std::uint64_t>(std::max<std::int64_t>(size, 0));
    AGENT_TRY(const auto modified, item.string("isomtime"));
    AGENT_TRY(file.modified, parse_tool_time(modified));
    if (item.find("sha256") != nullptr) {
        AGENT_TRY(file.sha256, item.string("sha256"));
    }
    const auto* healthy = item.find("healthy");
    file.is_damaged = healthy != nullptr && healthy->boolean() != nullptr && !*healthy->boolean();
    return std::optional{std::move(file)};
}

Result<std::vector<BackedUpFile>> borg_parse_files(std::string_view output) {
    return parse_file_lines(output, &parse_borg_file);
}

// Borg restores into the folder that it is started in.
Command borg_restore(const BackupBaseline& baseline, const BackupPoint& point, const std::vector<BackedUpFile>& files,
                     const std::filesystem::path& into) {
    auto command = borg_tool().open(baseline);
    command.arguments.insert(command.arguments.begin(), {"-C", into.native(), command.program.native()});
    command.program = "/usr/bin/env";
    command.arguments.insert(command.arguments.end(), {"--bypass-lock", "extract", "::" + point.name});
    for (const auto& file : files) command.arguments.push_back("pp:" + file.path.native());
    return command;
}

}  // namespace

const BackupWork& borg_work() noexcept {
    static constexpr BackupWork work{borg_warning,      &borg_back_up, &borg_is_complete, &borg_files,
                                     &borg_parse_files, &borg_restore, &borg_digests};
    return work;
}

}  // namespace agent
