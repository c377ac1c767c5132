#pragma once
// Sizes of backups, asked once each: asking is expensive, and a backup does not change. Pure; the check keeps them in
// its notes.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drift/backup/backup_points.hpp"

namespace agent {

using KnownSizes = std::map<std::string, std::int64_t, std::less<>>;  // by id

// Notes that cannot be read are as if nothing was known.
[[nodiscard]] KnownSizes read_sizes(std::string_view notes);
[[nodiscard]] std::string write_sizes(const KnownSizes& sizes);

// The backups whose sizes are compared: the newest of `points` and those before it of the same paths on the same host,
// at most `earlier_most`. The newest comes first.
[[nodiscard]] std::vector<BackupPoint> series_of(const std::vector<BackupPoint>& points, std::size_t earlier_most);

// Takes what the list itself says, and forgets what is not of `series`.
void keep_sizes_of(const std::vector<BackupPoint>& series, KnownSizes& sizes);

// The first of `series` whose size is not known: the one to ask for. One a look, so that no look takes long.
[[nodiscard]] const BackupPoint* size_to_ask(const std::vector<BackupPoint>& series, const KnownSizes& sizes);

// The sizes that are known of all but the first of `series`.
[[nodiscard]] std::vector<std::int64_t> earlier_sizes(const std::vector<BackupPoint>& series, const KnownSizes& sizes);

// Of an even number, the mean of the two in the middle. `sizes` is not empty.
[[nodiscard]] std::int64_t median_of(std::vector<std::int64_t> sizes);

}  // namespace agent
