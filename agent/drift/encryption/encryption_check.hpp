#pragma once
// Whether what is stored here is encrypted at rest: mounts and swap followed down to dm-crypt through sysfs, the LUKS
// headers that are met on the way read and judged. No program is run.
#include <filesystem>
#include <utility>

#include "codec/schema.hpp"
#include "drift/check.hpp"
#include "drift/encryption/encryption_baseline.hpp"

namespace agent {

struct EncryptionHost {
    std::filesystem::path mountinfo{"/proc/self/mountinfo"};
    std::filesystem::path swaps{"/proc/swaps"};
    std::filesystem::path sys{"/sys"};
    std::filesystem::path dev{"/dev"};
};

class EncryptionCheck final : public Check {
public:
    EncryptionCheck(EncryptionBaseline baseline, EncryptionHost host)
        : baseline_{std::move(baseline)}, host_{std::move(host)} {}
    [[nodiscard]] const CheckSettings& settings() const noexcept override { return baseline_.common; }
    [[nodiscard]] Task<CheckReport> look(CheckTools& tools, std::string& notes) const override;
    [[nodiscard]] std::string explain() const override;
    [[nodiscard]] Task<Learnt> learn(CheckTools& tools) const override;

    [[nodiscard]] const EncryptionBaseline& baseline() const noexcept { return baseline_; }

private:
    EncryptionBaseline baseline_;
    EncryptionHost host_;
};

[[nodiscard]] std::shared_ptr<const Check> read_encryption(MapReader& reader, CheckName name);

}  // namespace agent
