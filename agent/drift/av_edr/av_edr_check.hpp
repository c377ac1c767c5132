#pragma once
// Whether the virus scanner runs, answers, knows new malware, finds what it must, and is the program it should be.
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "codec/schema.hpp"
#include "drift/av_edr/av_edr_baseline.hpp"
#include "drift/check.hpp"

namespace agent {

struct AvEdrHost {
    std::filesystem::path dpkg_info{"/var/lib/dpkg/info"};
};

class AvEdrCheck final : public Check {
public:
    explicit AvEdrCheck(AvEdrBaseline baseline, AvEdrHost host = {})
        : baseline_{std::move(baseline)}, host_{std::move(host)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;
    [[nodiscard]] Task<Learnt> learn(CheckTools& tools) const override;

    [[nodiscard]] const AvEdrBaseline& baseline() const noexcept { return baseline_; }

private:
    AvEdrBaseline baseline_;
    AvEdrHost host_;
};

[[nodiscard]] std::shared_ptr<const Check> read_av_edr(MapReader& keys, CheckName name);

}  // namespace agent
