#pragma once
// From what was seen of the scanner to the report. Pure.
#include <optional>
#include <string>

#include "drift/av_edr/av_edr_baseline.hpp"
#include "drift/av_edr/clamd.hpp"
#include "drift/av_edr/package_checksum.hpp"
#include "drift/av_edr/restarts.hpp"
#include "drift/av_edr/signature_files.hpp"
#include "host/file_digests.hpp"
#include "model/check.hpp"

namespace agent {

struct BinaryView {
    std::filesystem::path file;  // with links followed
    Result<FileDigests> digests;
    // Nothing: not asked for, since the baseline has its hash; or no package has the file.
    Result<std::optional<PackageChecksum>> package;
};

// What one look found out; an error where it could not; nothing where the baseline does not want it.
struct AvEdrView {
    std::optional<Result<UnitState>> unit;
    std::optional<Restarts> restarts;  // this look included; nothing where the unit has none to count
    std::optional<Result<ClamdAnswers>> clamd;
    std::optional<Result<SignatureFile>> signature_file;  // looked at where clamd knows no date
    std::optional<BinaryView> binary;
    std::optional<Result<CommandExit>> command;
};

[[nodiscard]] CheckReport judge_av_edr(const AvEdrBaseline& baseline, const AvEdrView& view, WallTime now);

}  // namespace agent
