#pragma once
// A forwarding queue on disk: whether it only grows.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "drift/logging/logging_baseline.hpp"

namespace agent {

struct QueueSighting {
    std::int64_t bytes{};
    std::int64_t growing_looks{};  // how many in a row saw more than the one before
};

// Size of all files in the directory whose names begin with the prefix.
[[nodiscard]] Result<std::int64_t> size_of(const LogQueue& queue);
// What the notes of earlier looks make of `bytes`; unreadable notes are none.
[[nodiscard]] QueueSighting look_again(std::string_view notes, std::int64_t bytes);
[[nodiscard]] std::string write_notes(const QueueSighting& sighting);

}  // namespace agent
