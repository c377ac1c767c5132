// BorgBackup 1.2 (Debian 12) and 1.4.
#include <algorithm>
#include <array>

#include "codec/json.hpp"
#include "codec/members.hpp"
#include "drift/backup/backup_tool.hpp"

namespace agent {
namespace {

constexpr std::array<std::string_view, 8> borg_own_names{"BORG_REPO",
                                                         "BORG_PASSPHRASE",
                                                         "BORG_PASSCOMMAND",
                                                         "BORG_BASE_DIR",
                                                         "TZ",
                                                         "BORG_PASSPHRASE_FD",
                                                         "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK",
                                                         "BORG_RELOCATED_REPO_ACCESS_IS_OK"};

bool borg_sets(std::string_view name) {
    return std::find(borg_own_names.begin(), borg_own_names.end(), name) != borg_own_names.end();
}

// A word for borg, which splits its command as a shell would.
std::string in_quotes(const std::string& text) {
    std::string word{"'"};
    for (const char c : text) word += c == '\'' ? std::string{R"('"'"')"} : std::string{c};
    return word += '\'';
}

Command borg(const BackupBaseline& baseline) {
    Command command;
    command.program = baseline.program.value_or("/usr/bin/borg");
    command.environment = {"BORG_REPO=" + baseline.repository,
                           // Without it borg would share keys, locks and caches with the backup job.
                           "BORG_BASE_DIR=" + baseline.cache.value_or("/var/lib/compliance-agent/borg").native(),
                           // Its times have no zone: they are local.
                           "TZ=UTC",
                           // Nobody answers its questions. That a repository has no password at all is the operator's
                           // choice; that it is another one than before, or elsewhere, is not ours to approve.
                           "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes", "BORG_RELOCATED_REPO_ACCESS_IS_OK=no"};
    // Borg fetches the password by itself, so that it never is in our memory nor in anybody's environment.
    if (baseline.password_file)
        command.environment.push_back("BORG_PASSCOMMAND=cat -- " + in_quotes(baseline.password_file->native()));
    return command;
}

Command borg_list(const BackupBaseline& baseline) {
    auto command = borg(baseline);
    command.arguments.insert(command.arguments.end(),
                             {"--bypass-lock", "list", "--json", "--format", "{hostname}{NL}", "--last"});
    command.arguments.push_back(std::to_string(baseline.size_of_last + 1));
    if (baseline.archives) command.arguments.push_back("--glob-archives=" + *baseline.archives);
    return command;
}

Command borg_size(const BackupBaseline& baseline, const BackupPoint& point) {
    auto command = borg(baseline);
    command.arguments.insert(command.arguments.end(), {"--bypass-lock", "info", "--json", "::" + point.name});
    return command;
}

Result<BackupPoint> parse_archive(const Value& value, std::size_t number) {
    AGENT_TRY(const auto archive, Members::of(value, "archives[" + std::to_string(number) + "]"));
    BackupPoint point;
    AGENT_TRY(point.id, archive.string("id"));
    AGENT_TRY(point.name, archive.string("name"));
    AGENT_TRY(const auto time, archive.string("time"));
    AGENT_TRY(point.time, in_context(parse_tool_time(time), archive.key_of("time")));
    if (archive.find("hostname") != nullptr) {
        AGENT_TRY(point.host, archive.string("hostname"));
    }
    return point;
}

Result<std::vector<BackupPoint>> borg_parse_list(std::string_view output) {
    AGENT_TRY(const auto value, in_context(parse_json(output), "the archives that borg lists"));
    AGENT_TRY(const auto answer, in_context(Members::of(value, {}), "what borg lists"));
    AGENT_TRY(const auto* items, in_context(answer.array("archives"), "what borg lists"));
    std::vector<BackupPoint> points;
    for (const auto& item : *items) {
        AGENT_TRY(auto point, in_context(parse_archive(item, points.size()), "what borg lists"));
        points.push_back(std::move(point));
    }
    sort_by_time(points);
    return points;
}

Result<std::int64_t> borg_parse_size(std::string_view output) {
    AGENT_TRY(const auto value, in_context(parse_json(output), "borg's information on an archive"));
    AGENT_TRY(const auto answer, Members::of(value, {}));
    AGENT_TRY(const auto* archives, answer.array("archives"));
    if (archives->size() != 1)
        return Error{Errc::malformed,
                     "borg told of " + std::to_string(archives->size()) + " archives where it was asked of one"};
    AGENT_TRY(const auto archive, Members::of(archives->front(), "archives[0]"));
    AGENT_TRY(const auto stats, archive.object("stats"));
    AGENT_TRY(const auto bytes, stats.integer("original_size"));
    if (bytes < 0) return stats.fault("original_size", "must not be negative");
    return bytes;
}

}  // namespace

const BackupTool& borg_tool() noexcept {
    static constexpr BackupTool tool{"borg",     "borg check",     &borg,     &borg_list, &borg_parse_list,
                                     &borg_size, &borg_parse_size, &borg_sets};
    return tool;
}

}  // namespace agent
