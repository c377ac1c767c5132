#pragma once
// What is mounted at a place, of which type and with which options.
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/schema.hpp"
#include "drift/check.hpp"
#include "drift/mount_table.hpp"

namespace agent {

struct MountBaseline {
    CheckSettings common;
    std::string path;
    bool present{true};
    std::optional<std::string> fstype;
    std::vector<std::string> options;    // each must be in force
    std::vector<std::string> forbidden;  // none may be
};

class MountCheck final : public Check {
public:
    // The host's own view first: a confined service sees options of its sandbox in that of its own.
    explicit MountCheck(MountBaseline baseline,
                        std::vector<std::filesystem::path> tables = {"/proc/1/mountinfo", "/proc/self/mountinfo"})
        : baseline_{std::move(baseline)}, tables_{std::move(tables)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;
    [[nodiscard]] Task<Learnt> learn(CheckTools& tools) const override;

private:
    MountBaseline baseline_;
    std::vector<std::filesystem::path> tables_;
};

[[nodiscard]] std::shared_ptr<const Check> read_mount_check(MapReader& keys, CheckName name);
[[nodiscard]] CheckReport judge_mount(const MountBaseline& baseline, const Result<std::vector<Mount>>& mounts);

}  // namespace agent
