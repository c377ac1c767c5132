#pragma once
// What is mounted at a place, of which type and with which options.
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/schema.hpp"
#include "drift/check.hpp"

namespace agent {

struct MountBaseline {
    CheckSettings common;
    std::string path;
    bool present{true};
    std::optional<std::string> fstype;
    std::vector<std::string> options;    // each must be in force
    std::vector<std::string> forbidden;  // none may be
};

struct Mount {
    std::string source;
    std::string fstype;
    std::set<std::string, std::less<>> options;  // of the mount and of its file system; read-only where either is
};
// The last one at `path` covers those before it. Nothing: no mount there. `malformed` where this is no mountinfo.
[[nodiscard]] Result<std::optional<Mount>> find_mount(std::string_view mountinfo, std::string_view path);

class MountCheck final : public Check {
public:
    // The host's own view first: a confined service sees options of its sandbox in that of its own.
    explicit MountCheck(MountBaseline baseline,
                        std::vector<std::filesystem::path> tables = {"/proc/1/mountinfo", "/proc/self/mountinfo"})
        : baseline_{std::move(baseline)}, tables_{std::move(tables)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;

private:
    MountBaseline baseline_;
    std::vector<std::filesystem::path> tables_;
};

[[nodiscard]] std::shared_ptr<const Check> read_mount_check(MapReader& keys, CheckName name);
[[nodiscard]] CheckReport judge_mount(const MountBaseline& baseline, const Result<std::optional<Mount>>& mount);

}  // namespace agent
