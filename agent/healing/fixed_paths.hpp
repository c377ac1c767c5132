#pragma once
// Lists of paths that a runbook fixes: no parameter reaches them.
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "codec/schema.hpp"
#include "host/process_runner.hpp"
#include "model/value.hpp"

namespace agent {

// 1 to `most` absolute paths without "." and ".."; reports faults to `step`.
[[nodiscard]] std::vector<std::filesystem::path> read_fixed_paths(MapReader& step, std::string_view key,
                                                                  std::size_t most);
[[nodiscard]] Value value_of(const std::vector<std::filesystem::path>& paths);
// For evidence: program and arguments.
[[nodiscard]] std::vector<std::string> argv_of(const Command& command);

}  // namespace agent
