#pragma once
// RFC 9457 problem details with the member `reason` (PROTOCOL.md section 6).
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace agent {

struct HttpProblem {
    int status{};
    std::string title;
    std::string reason;
    std::string detail;
};

[[nodiscard]] std::string write_problem(const HttpProblem& problem);
// Lenient towards members it does not know; missing ones are empty. `malformed` if it is no JSON object.
[[nodiscard]] Result<HttpProblem> parse_problem(std::string_view json);

}  // namespace agent
