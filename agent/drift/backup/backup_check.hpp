#pragma once
// Whether there are backups, how old the last one is, whether it is as large as usual, and whether anybody has tried
// to restore one. Asked of the repository itself (restic, borg), or of a file that the backup job writes.
#include <string>
#include <utility>

#include "codec/schema.hpp"
#include "drift/backup/backup_baseline.hpp"
#include "drift/check.hpp"

namespace agent {

struct BackupHost {
    std::string name;  // of this machine, as its backups carry it
    [[nodiscard]] static BackupHost of_this_machine();
};

class BackupCheck final : public Check {
public:
    BackupCheck(BackupBaseline baseline, BackupHost host) : baseline_{std::move(baseline)}, host_{std::move(host)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;

    [[nodiscard]] const BackupBaseline& baseline() const noexcept { return baseline_; }

private:
    BackupBaseline baseline_;
    BackupHost host_;
};

[[nodiscard]] std::shared_ptr<const Check> read_backup(MapReader& reader, CheckName name);

}  // namespace agent
