#pragma once
// The backups that the check backup_verification looks at, for the actions that make and restore some. They are seen
// with the check's own eyes: what counts for it counts here.
#include <memory>
#include <string>
#include <vector>

#include "drift/backup/backup_check.hpp"
#include "drift/backup/backup_tool.hpp"
#include "healing/action.hpp"

namespace agent {

class BackupPlace {
public:
    // `refused` where the baseline declares no backup.
    [[nodiscard]] static Result<BackupPlace> declared_in(std::shared_ptr<const Baseline> baseline);

    [[nodiscard]] const BackupBaseline& declared() const noexcept { return check_->baseline(); }
    [[nodiscard]] const BackupTool* tool() const noexcept {
        return tool_;
    }                                            // null where a status file tells of backups
    [[nodiscard]] std::string location() const;  // for people, without its password

    // Those that count, the oldest first; of a status file, the last that succeeded.
    [[nodiscard]] Task<std::vector<BackupPoint>> look(const ActionTools& tools) const;
    // `command` of the tool with the environment that the baseline names.
    [[nodiscard]] Task<CommandExit> run(const ActionTools& tools, Command command) const;

private:
    BackupPlace(std::shared_ptr<const Baseline> baseline, const BackupCheck& check);

    std::shared_ptr<const Baseline> baseline_;  // keeps the check
    const BackupCheck* check_;
    const BackupTool* tool_{};
};

}  // namespace agent
