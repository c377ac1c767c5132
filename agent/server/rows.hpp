#pragma once
// Between columns and our types; for the tables of this folder.
#include <optional>
#include <string>

#include "base/time.hpp"
#include "store/database.hpp"

namespace agent {

[[nodiscard]] inline std::int64_t to_column(WallTime time) { return time.time_since_epoch().count(); }
[[nodiscard]] inline WallTime to_time(std::int64_t column) { return WallTime{Duration{column}}; }

[[nodiscard]] inline std::optional<std::string> text_or_nothing(const Statement& row, int column) {
    if (row.is_null(column)) return std::nullopt;
    return row.text(column);
}

}  // namespace agent
