#pragma once
// A file of the operator's choice: there or not, of which content, mode and owner.
#include "drift/check.hpp"
#include "host/files.hpp"

namespace agent {

class FileCheck final : public Check {
public:
    explicit FileCheck(FileBaseline baseline) : baseline_{std::move(baseline)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(const CheckTools& tools, std::string& notes) override;
    [[nodiscard]] std::string explain() const override;

private:
    FileBaseline baseline_;
};

// What `facts` (nothing: no such file) mean under `baseline`; `unreadable` is why the content could not be hashed.
[[nodiscard]] CheckReport judge_file(const FileBaseline& baseline, const std::optional<FileFacts>& facts,
                                     const std::optional<Error>& unreadable);

}  // namespace agent
