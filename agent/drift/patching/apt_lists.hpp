#pragma once
// How old is what apt knows: the Release files among its lists.
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace agent {

struct ReleaseFacts {
    std::string label;
    std::string suite;
    std::string codename;
    WallTime date;
    [[nodiscard]] bool is_security() const;
};

// The fields before the first list of files. `malformed` without a date.
[[nodiscard]] Result<ReleaseFacts> parse_release(std::string_view text);

// "Wed, 18 Nov 2026 22:17:41 UTC" (RFC 1123; also GMT and +0000).
[[nodiscard]] Result<WallTime> parse_rfc1123(std::string_view text);

struct AptLists {
    std::size_t archives{};
    std::optional<WallTime> security_date;  // newest of the security archives; nothing where there is none
};

// `not_found` where there is no list at all; otherwise errors as read_file.
[[nodiscard]] Result<AptLists> look_at_lists(const std::filesystem::path& folder);

}  // namespace agent
