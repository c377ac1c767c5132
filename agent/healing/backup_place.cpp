#include "healing/backup_place.hpp"

#include <algorithm>

#include "drift/backup/secret_files.hpp"
#include "drift/backup/status_file.hpp"
#include "host/files.hpp"
#include "host/machine.hpp"

namespace agent {
namespace {

constexpr std::size_t list_most = 8UL * 1024UL * 1024UL;
constexpr std::size_t status_most = 64UL * 1024UL;
constexpr Duration list_patience{std::chrono::minutes{5}};

Result<std::vector<BackupPoint>> points_of_status_file(const std::filesystem::path& file) {
    const auto text = read_file(file, status_most);
    std::vector<BackupPoint> points;
    // It may not be there before the first backup.
    if (text.has_error() && text.error().code() == Errc::not_found) return points;
    AGENT_TRY(const auto json, Result<std::string>{text});
    AGENT_TRY(const auto status, in_context(parse_backup_status(json), file.native()));
    if (!status.last_success || status.result != JobResult::ok) return points;
    BackupPoint point;
    point.time = *status.last_success;
    point.id = format_rfc3339(point.time);
    points.push_back(std::move(point));
    return points;
}

}  // namespace

BackupPlace::BackupPlace(std::shared_ptr<const Baseline> baseline, const BackupCheck& check)
    : baseline_{std::move(baseline)}, check_{&check} {
    if (declared().kind == BackupKind::restic) tool_ = &restic_tool();
    if (declared().kind == BackupKind::borg) tool_ = &borg_tool();
}

Result<BackupPlace> BackupPlace::declared_in(std::shared_ptr<const Baseline> baseline) {
    const auto* check = dynamic_cast<const BackupCheck*>(baseline->find(CheckName{"backup_verification"}));
    if (check == nullptr || check->baseline().kind == BackupKind::undeclared)
        return Error{Errc::refused,
                     "no backup is declared: set checks.backup_verification.kind and where the backups are"};
    return BackupPlace{std::move(baseline), *check};
}

std::string BackupPlace::location() const {
    return tool_ != nullptr ? without_password(declared().repository) : declared().status_file.native();
}

Task<std::vector<BackupPoint>> BackupPlace::look(const ActionTools& tools) const {
    if (tool_ == nullptr) co_return points_of_status_file(declared().status_file);
    auto command = tool_->list(declared());
    command.deadline = list_patience;
    command.head_limit = list_most;
    auto ended = co_await run(tools, std::move(command));
    AGENT_CO_TRY(const auto exit, in_context(std::move(ended), "looking which backups are in " + location()));
    if (exit.status != 0) co_return explain_failure(*tool_, exit.status, exit.standard_error.head);
    if (!exit.standard_output.complete() || !exit.standard_output.tail.empty())
        co_return Error{Errc::malformed, std::string{tool_->name} + " lists too many backups"};
    AGENT_CO_TRY(auto points, tool_->parse_list(exit.standard_output.head));
    const auto here = host_name();
    const auto counts = [this, &here](const BackupPoint& point) { return counts_for(declared(), here, point.host); };
    points.erase(std::stable_partition(points.begin(), points.end(), counts), points.end());
    co_return points;
}

Task<CommandExit> BackupPlace::run(const ActionTools& tools, Command command) const {
    if (declared().environment_file) {
        const auto file = look_at_secret("environment_file", *declared().environment_file);
        AGENT_CO_TRY(const auto settings, read_environment(*tool_, file));
        command.environment.insert(command.environment.end(), settings.begin(), settings.end());
    }
    auto ended = co_await tools.processes.run(std::move(command));
    co_return ended;
}

}  // namespace agent
