// restic, 0.14 (Debian 12) and newer.
#include <algorithm>
#include <array>

#include "codec/json.hpp"
#include "codec/members.hpp"
#include "drift/backup/backup_tool.hpp"

namespace agent {
namespace {

constexpr std::array<std::string_view, 5> restic_own_names{"RESTIC_REPOSITORY", "RESTIC_REPOSITORY_FILE",
                                                           "RESTIC_PASSWORD", "RESTIC_PASSWORD_FILE",
                                                           "RESTIC_PASSWORD_COMMAND"};

bool restic_sets(std::string_view name) {
    return std::find(restic_own_names.begin(), restic_own_names.end(), name) != restic_own_names.end();
}

Command restic(const BackupBaseline& baseline) {
    Command command;
    command.program = baseline.program.value_or("/usr/bin/restic");
    // Without a cache every answer is the repository's own: with one, restic shows snapshots that are gone or damaged.
    if (!baseline.cache) command.arguments.emplace_back("--no-cache");
    if (baseline.cache) command.arguments.push_back("--cache-dir=" + baseline.cache->native());
    command.environment.push_back("RESTIC_REPOSITORY=" + baseline.repository);
    if (baseline.password_file)
        command.environment.push_back("RESTIC_PASSWORD_FILE=" + baseline.password_file->native());
    return command;
}

Command restic_question(const BackupBaseline& baseline) {
    auto command = restic(baseline);
    command.arguments.insert(command.arguments.end(), {"--json", "--no-lock"});
    return command;
}

Command restic_list(const BackupBaseline& baseline) {
    auto command = restic_question(baseline);
    command.arguments.emplace_back("snapshots");
    command.arguments.push_back("--latest=" + std::to_string(baseline.size_of_last + 1));
    for (const auto& tag : baseline.tags) command.arguments.push_back("--tag=" + tag);
    for (const auto& path : baseline.paths) command.arguments.push_back("--path=" + path);
    return command;
}

Command restic_size(const BackupBaseline& baseline, const BackupPoint& point) {
    auto command = restic_question(baseline);
    command.arguments.insert(command.arguments.end(), {"stats", "--mode=restore-size", point.name});
    return command;
}

Result<std::vector<std::string>> paths_of(const Members& snapshot) {
    std::vector<std::string> paths;
    if (snapshot.find("paths") == nullptr) return paths;
    AGENT_TRY(snapshot.strings("paths"));
    AGENT_TRY(const auto* items, snapshot.array("paths"));
    for (const auto& item : *items) paths.push_back(*item.string());
    return paths;
}

bool is_snapshot_id(std::string_view id) {
    return id.size() >= 8 && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<BackupPoint> parse_snapshot(const Value& value, std::size_t number) {
    AGENT_TRY(const auto snapshot, Members::of(value, "snapshots[" + std::to_string(number) + "]"));
    BackupPoint point;
    AGENT_TRY(point.id, snapshot.string("id"));
    if (!is_snapshot_id(point.id)) return snapshot.fault("id", "must be hexadecimal digits");
    point.name = point.id;
    AGENT_TRY(const auto time, snapshot.string("time"));
    AGENT_TRY(point.time, in_context(parse_tool_time(time), snapshot.key_of("time")));
    if (snapshot.find("hostname") != nullptr) {
        AGENT_TRY(point.host, snapshot.string("hostname"));
    }
    AGENT_TRY(point.paths, paths_of(snapshot));
    // Written since 0.17.
    const auto* summary = snapshot.find("summary");
    const auto* bytes = summary == nullptr ? nullptr : summary->find("total_bytes_processed");
    if (bytes != nullptr && bytes->integer() != nullptr) point.size = *bytes->integer();
    return point;
}

Result<std::vector<BackupPoint>> restic_parse_list(std::string_view output) {
    AGENT_TRY(const auto value, in_context(parse_json(output), "the snapshots that restic lists"));
    std::vector<BackupPoint> points;
    if (value.is_null()) return points;
    if (value.array() == nullptr) return Error{Errc::malformed, "restic printed no list of snapshots"};
    for (const auto& item : *value.array()) {
        AGENT_TRY(auto point, in_context(parse_snapshot(item, points.size()), "what restic lists"));
        points.push_back(std::move(point));
    }
    sort_by_time(points);
    return points;
}

Result<std::int64_t> restic_parse_size(std::string_view output) {
    AGENT_TRY(const auto value, in_context(parse_json(output), "restic's statistics"));
    AGENT_TRY(const auto stats, Members::of(value, {}));
    // Of a snapshot that it cannot load, restic says "0 bytes in 0 snapshots" and ends well.
    AGENT_TRY(const auto count, stats.integer("snapshots_count"));
    if (count != 1) return Error{Errc::corrupt, "restic could not load the snapshot; run restic check"};
    AGENT_TRY(const auto bytes, stats.integer("total_size"));
    if (bytes < 0) return stats.fault("total_size", "must not be negative");
    return bytes;
}

}  // namespace

const BackupTool& restic_tool() noexcept {
    static constexpr BackupTool tool{"restic",     "restic check",     &restic,     &restic_list, &restic_parse_list,
                                     &restic_size, &restic_parse_size, &restic_sets};
    return tool;
}

}  // namespace agent
