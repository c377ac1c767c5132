#pragma once
// The target of a request, taken apart: path segments and query, percent-decoded. Dot segments mean nothing here.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace agent {

struct RequestTarget {
    std::vector<std::string> segments;                       // "/api/hosts": "api", "hosts"
    std::vector<std::pair<std::string, std::string>> query;  // in order; names may repeat

    // The first parameter of this name; an empty value counts as none.
    [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
};

// Origin form or absolute form (RFC 9112). `malformed` on any other form and on bad percent-encoding.
[[nodiscard]] Result<RequestTarget> parse_target(std::string_view text);

struct IntegerBounds {
    std::int64_t least{};
    std::int64_t most{};
    std::int64_t otherwise{};  // where the parameter is absent
};
// Out of range is clamped (PROTOCOL.md section 6); `malformed` where it is no integer.
[[nodiscard]] Result<std::int64_t> clamped_parameter(const RequestTarget& target, std::string_view name,
                                                     const IntegerBounds& bounds);

}  // namespace agent
