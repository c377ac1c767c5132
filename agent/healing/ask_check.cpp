#include "healing/ask_check.hpp"

namespace agent {

Task<CheckReport> ask_check(const ActionTools& tools, CheckName check) {
    std::vector<CheckName> names{check};
    auto looked = co_await tools.run_checks(std::move(names));
    AGENT_CO_TRY(auto reports, std::move(looked));
    if (reports.size() != 1) co_return Error{Errc::not_found, "the check " + check.str() + " gave no result"};
    co_return std::move(reports.front());
}

}  // namespace agent
