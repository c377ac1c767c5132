#include "healing/ask_check.hpp"

namespace agent {

Task<CheckReport> ask_check(const ActionTools& tools, CheckName check) {
    std::vector<CheckName> names{check};
    auto looked = co_await tools.run_checks(std::move(names));
    AGENT_CO_TRY(auto reports, std::move(looked));
    if (reports.size() != 1) co_return Error{Errc::not_found, "the check " + check.str() + " gave no result"};
    co_return std::move(reports.front());
}

Task<> want_fine(const ActionTools& tools, std::vector<CheckName> checks) {
    for (const auto& check : checks) {
        auto asked = co_await ask_check(tools, check);
        AGENT_CO_TRY(const auto report, std::move(asked));
        if (!is_fine(report.result)) co_return Error{Errc::refused, words_of(report)};
    }
    co_return ok();
}

std::string words_of(const CheckReport& report) {
    std::string words = "the check " + report.name.str() + " says " + std::string{to_string(report.result)};
    if (!report.reason.empty()) words += ": " + report.reason;
    return words;
}

}  // namespace agent
