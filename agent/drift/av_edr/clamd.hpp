#pragma once
// Asks clamd over its own socket: does it answer, how old is what it knows, does it find what every scanner must find.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "async/time_source.hpp"

namespace agent {

struct ClamdVersion {
    std::string engine;                    // "1.4.6"
    std::optional<std::int64_t> database;  // number of the daily signatures that are loaded
    std::optional<WallTime> date;          // when they were made; neither where clamd has only signatures of others
};

// "ClamAV 1.4.6/27437/Sat Oct 24 08:42:00 2026", in clamd's local time, which is taken to be ours; or without the
// database: "ClamAV 1.4.6".
[[nodiscard]] Result<ClamdVersion> parse_clamd_version(std::string_view answer);

// "stream: NAME FOUND" gives the name, "stream: OK" nothing.
[[nodiscard]] Result<std::optional<std::string>> parse_clamd_verdict(std::string_view answer);

// Each for itself; where it does not even answer the first, all give that error. `unreachable`: nobody listens there;
// `timed_out`, `system` (a missing right, named), `malformed`: what answers is not clamd.
struct ClamdAnswers {
    Result<> ping;
    Result<ClamdVersion> version;
    Result<std::optional<std::string>> test_file;  // the signature that found the EICAR test file
};

// Within `limit` altogether.
[[nodiscard]] Task<ClamdAnswers> ask_clamd(TimeSource& time, std::filesystem::path socket, Duration limit);

}  // namespace agent
