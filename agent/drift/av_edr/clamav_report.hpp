#pragma once
// What clamd's answers mean. Pure.
#include <optional>

#include "drift/av_edr/av_edr_baseline.hpp"
#include "drift/av_edr/clamd.hpp"
#include "drift/av_edr/signature_files.hpp"
#include "model/check.hpp"

namespace agent {

void judge_clamav(const AvEdrBaseline& baseline, const Result<ClamdAnswers>& clamd,
                  const std::optional<Result<SignatureFile>>& file, WallTime now, CheckReport& report);

}  // namespace agent
