#pragma once
// A SCAP profile: security rules that others wrote (CIS, ANSSI, STIG), judged by oscap, each of them a finding of its
// own.
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codec/schema.hpp"
#include "drift/check.hpp"
#include "drift/xccdf/oscap.hpp"

namespace agent {

struct XccdfBaseline {
    CheckSettings common;
    std::filesystem::path datastream;
    std::string profile;
    std::optional<std::filesystem::path> tailoring_file;
    std::vector<std::string> rules;  // whole ids; none: all of the profile
    std::vector<std::string> skip_rules;
};

class XccdfCheck final : public Check {
public:
    explicit XccdfCheck(XccdfBaseline baseline, OscapHost host = {})
        : baseline_{std::move(baseline)}, host_{std::move(host)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;

private:
    XccdfBaseline baseline_;
    OscapHost host_;
};

[[nodiscard]] std::shared_ptr<const Check> read_xccdf_check(MapReader& keys, CheckName name);
[[nodiscard]] CheckReport judge_xccdf(const XccdfBaseline& baseline, const Result<OscapRun>& run);

}  // namespace agent
