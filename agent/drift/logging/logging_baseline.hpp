#pragma once
// What the baseline says of logging.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "drift/check.hpp"

namespace agent {

enum class PlaceKind : std::uint8_t { journal, file, spool };

// Where what is logged must arrive.
struct LogPlace {
    PlaceKind kind{PlaceKind::journal};
    std::filesystem::path path;              // of a file or spool
    [[nodiscard]] std::string name() const;  // "journal", "file:/var/log/syslog"
};

// Of a disk-assisted forwarding queue.
struct LogQueue {
    std::filesystem::path directory;
    std::string prefix;
    std::int64_t looks{3};  // growing over so many is stuck
};

struct LoggingBaseline {
    CheckSettings common;
    std::optional<std::vector<std::string>> units;  // nothing: journald, and rsyslog where it is installed
    Duration within{10'000};
    std::vector<LogPlace> places{LogPlace{}};
    std::optional<LogQueue> queue;
    bool audit{false};
};

}  // namespace agent
