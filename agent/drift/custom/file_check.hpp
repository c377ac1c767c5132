#pragma once
// A file of the operator's choice: there or not, of which content, mode and owner.
#include <filesystem>
#include <utility>

#include "codec/schema.hpp"
#include "drift/check.hpp"
#include "host/files.hpp"

namespace agent {

struct FileBaseline {
    CheckSettings common;
    std::filesystem::path path;
    bool present{true};  // false: the file must not exist
    std::optional<std::string> sha256;
    std::optional<unsigned> mode;
    std::optional<std::string> owner;
    std::optional<std::string> group;
};

class FileCheck final : public Check {
public:
    explicit FileCheck(FileBaseline baseline) : baseline_{std::move(baseline)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;
    [[nodiscard]] Task<Learnt> learn(CheckTools& tools) const override;

    [[nodiscard]] const FileBaseline& baseline() const noexcept { return baseline_; }

private:
    FileBaseline baseline_;
};

[[nodiscard]] std::shared_ptr<const Check> read_file_check(MapReader& entry, CheckName name);

// What `facts` (nothing: no such file) mean under `baseline`; `unreadable` is why the content could not be hashed.
[[nodiscard]] CheckReport judge_file(const FileBaseline& baseline, const std::optional<FileFacts>& facts,
                                     const std::optional<Error>& unreadable);

}  // namespace agent
