#include "codec/problem.hpp"

#include <limits>

#include "codec/json.hpp"
#include "codec/members.hpp"

namespace agent {
namespace {

std::string text_of(const Members& members, std::string_view name) {
    const auto* value = members.find(name);
    const auto* text = value == nullptr ? nullptr : value->string();
    return text == nullptr ? std::string{} : *text;
}

}  // namespace

std::string write_problem(const HttpProblem& problem) {
    return write_json(Value::object({{"type", "about:blank"},
                                     {"title", problem.title},
                                     {"status", problem.status},
                                     {"reason", problem.reason},
                                     {"detail", problem.detail}}));
}

Result<HttpProblem> parse_problem(std::string_view json) {
    AGENT_TRY(const auto value, parse_json(json));
    AGENT_TRY(const auto members, Members::of(value, {}));
    HttpProblem problem{.status = 0,
                        .title = text_of(members, "title"),
                        .reason = text_of(members, "reason"),
                        .detail = text_of(members, "detail")};
    const auto* status = members.find("status");
    const auto* number = status == nullptr ? nullptr : status->integer();
    if (number != nullptr && *number >= 0 && *number <= std::numeric_limits<int>::max())
        problem.status = static_cast<int>(*number);
    return problem;
}

}  // namespace agent
