#pragma once
// From what was seen of the storage to the report. Pure.
#include <optional>
#include <string>
#include <vector>

#include "drift/encryption/block_stack.hpp"
#include "drift/encryption/encryption_baseline.hpp"
#include "drift/encryption/luks_header.hpp"
#include "drift/mount_table.hpp"
#include "model/check.hpp"

namespace agent {

struct MountView {
    std::string point;
    std::optional<Mount> mount;                // nothing: nothing is mounted there
    Result<std::vector<BlockDevice>> devices;  // that keep it; none: it is in memory
};
struct SwapView {
    std::string name;
    Result<std::vector<BlockDevice>> devices;
};
struct VolumeView {
    std::string wanted;
    std::optional<BlockDevice> device;
};
struct LuksView {
    std::string name;     // of the mapping
    std::string backing;  // the file that was read
    Result<LuksHeader> header;
};

// What one look found out; an error where it could not.
struct EncryptionView {
    Result<std::vector<MountView>> mounts;
    Result<std::vector<SwapView>> swaps;  // empty where they are not looked at
    Result<std::vector<VolumeView>> volumes;
    std::vector<LuksView> luks;  // headers of what was met on the way down
};

[[nodiscard]] CheckReport judge_encryption(const EncryptionBaseline& baseline, const EncryptionView& view);

// In what a header falls short of `limits`, in words; empty where it does not.
[[nodiscard]] std::vector<std::string> weaknesses_of(const LuksHeader& header, const LuksLimits& limits);

}  // namespace agent
