#include "drift/backup/status_file.hpp"

#include "codec/json.hpp"
#include "codec/members.hpp"
#include "drift/backup/backup_points.hpp"

namespace agent {
namespace {

Result<std::optional<WallTime>> time_or_null(const Members& members, std::string_view name) {
    AGENT_TRY(const auto text, members.string_or_null(name));
    if (!text) return std::optional<WallTime>{};
    // A local time without its zone may be hours off.
    if (text->find_first_of("Z+-", text->find('T')) == std::string::npos)
        return members.fault(name, "must be RFC 3339 with its zone, as in 2026-01-31T09:30:00Z");
    AGENT_TRY(const auto time, in_context(parse_tool_time(*text), members.key_of(name)));
    return std::optional{time};
}

Result<JobResult> result_in(const Members& members) {
    AGENT_TRY(const auto word, members.string("result"));
    if (word == "ok") return JobResult::ok;
    if (word == "failed") return JobResult::failed;
    return members.fault("result", "must be \"ok\" or \"failed\"");
}

}  // namespace

Result<BackupStatus> parse_backup_status(std::string_view json) {
    AGENT_TRY(const auto value, parse_json(json));
    AGENT_TRY(const auto members, Members::of(value, {}));
    AGENT_TRY(members.only({"last_success", "result", "size_bytes", "last_restore_test"}));
    BackupStatus status;
    AGENT_TRY(status.last_success, time_or_null(members, "last_success"));
    AGENT_TRY(status.result, result_in(members));
    if (members.find("size_bytes") != nullptr) {
        AGENT_TRY(status.size_bytes, members.integer_or_null("size_bytes"));
    }
    if (status.size_bytes.value_or(0) < 0) return members.fault("size_bytes", "must not be negative");
    if (members.find("last_restore_test") != nullptr) {
        AGENT_TRY(status.last_restore_test, time_or_null(members, "last_restore_test"));
    }
    return status;
}

Result<RestoreTest> parse_restore_test(std::string_view json) {
    AGENT_TRY(const auto value, parse_json(json));
    AGENT_TRY(const auto members, Members::of(value, {}));
    AGENT_TRY(members.only({"last_restore_test", "result"}));
    RestoreTest test;
    AGENT_TRY(test.last, time_or_null(members, "last_restore_test"));
    AGENT_TRY(test.result, result_in(members));
    return test;
}

}  // namespace agent
