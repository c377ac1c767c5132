#pragma once
// Backups as a tool lists them, and the time that tools write. Pure.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace agent {

struct BackupPoint {
    std::string id;
    std::string name;  // that the tool takes for it
    WallTime time;
    std::string host;
    std::vector<std::string> paths;    // that were backed up, where the tool lists them
    std::optional<std::int64_t> size;  // bytes of what was backed up, where the list says it
    friend bool operator==(const BackupPoint&, const BackupPoint&) = default;
};

// "2026-11-21T14:03:13.362315162Z", "…T14:03:13+02:00" or, without a zone, UTC; cut to milliseconds.
[[nodiscard]] Result<WallTime> parse_tool_time(std::string_view text);

// By time, the oldest first.
void sort_by_time(std::vector<BackupPoint>& points);

}  // namespace agent
