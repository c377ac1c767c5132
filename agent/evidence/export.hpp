#pragma once
// Evidence as files that outsiders read with their own tools:
// YYYY/MM/DD/<bundle_id>/{bundle.json,bundle.sig,receipt.json}.
#include <cstdint>
#include <filesystem>

#include "base/result.hpp"
#include "store/evidence_log.hpp"

namespace agent {

struct ExportFigures {
    std::int64_t bundles{};
    std::int64_t receipts{};
    std::int64_t unchanged{};  // already there, byte for byte
};

// Every stored bundle below `directory` (made where missing), by the date of timestamp_end, UTC. Existing files with
// other bytes are an error, never overwritten, but a receipt that has come since is added.
[[nodiscard]] Result<ExportFigures> export_evidence(EvidenceLog& evidence, const std::filesystem::path& directory);

}  // namespace agent
