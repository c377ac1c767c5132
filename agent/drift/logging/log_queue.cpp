#include "drift/logging/log_queue.hpp"

#include <system_error>

#include "codec/json.hpp"
#include "host/access.hpp"

namespace agent {
namespace {

std::optional<std::int64_t> integer_in(const Value& value, std::string_view name) {
    const auto* member = value.find(name);
    const auto* number = member == nullptr ? nullptr : member->integer();
    return number == nullptr ? std::nullopt : std::optional{*number};
}

}  // namespace

Result<std::int64_t> size_of(const LogQueue& queue) {
    std::error_code failed;
    std::int64_t bytes = 0;
    std::filesystem::directory_iterator entry{queue.directory, failed};
    for (; !failed && entry != std::filesystem::directory_iterator{}; entry.increment(failed)) {
        if (!entry->path().filename().native().starts_with(queue.prefix)) continue;
        std::error_code gone;  // a file that was worked off meanwhile holds nothing
        const auto size = entry->file_size(gone);
        if (!gone) bytes += static_cast<std::int64_t>(size);
    }
    if (failed) return file_error(failed.value(), "read", queue.directory);
    return bytes;
}

QueueSighting look_again(std::string_view notes, std::int64_t bytes) {
    QueueSighting now{bytes, 0};
    const auto parsed = parse_json(notes);
    if (parsed.has_error()) return now;
    const auto before = integer_in(parsed.value(), "queue_bytes");
    const auto looks = integer_in(parsed.value(), "queue_growing_looks");
    if (before && looks && bytes > *before) now.growing_looks = *looks + 1;
    return now;
}

std::string write_notes(const QueueSighting& sighting) {
    return write_json(
        Value::object({{"queue_bytes", sighting.bytes}, {"queue_growing_looks", sighting.growing_looks}}));
}

}  // namespace agent
