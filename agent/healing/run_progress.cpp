#include "healing/run_progress.hpp"

#include <array>
#include <cstdio>

#include "base/text.hpp"

namespace agent {
namespace {

class Nobody final : public RunProgress {
public:
    void tell(const RunEvent& /*event*/) override {}
};

std::string seconds_of(double seconds) {
    std::array<char, 32> text{};
    const auto length = std::snprintf(text.data(), text.size(), "%.3f s", seconds);
    return {text.data(), static_cast<std::size_t>(length)};
}

std::string names_of(const std::vector<CheckName>& checks) {
    std::string names = checks.size() == 1 ? "the check " : "the checks ";
    for (const auto& check : checks) names += (&check == &checks.front() ? "" : ", ") + check.str();
    return names;
}

std::string step_of(const RunEvent& event) {
    return std::to_string(event.step) + '/' + std::to_string(event.steps) + ' ' + event.action;
}

}  // namespace

std::string describe(const RunEvent& event) {
    switch (event.moment) {
        case RunMoment::looking:
            return "looking at what is there" + (event.checks.empty() ? "" : " and at " + names_of(event.checks));
        case RunMoment::step_begins: return step_of(event) + " ...";
        case RunMoment::step_ended: return step_of(event) + ": " + event.result + ", " + seconds_of(event.seconds);
        case RunMoment::verifying: return "verifying by " + names_of(event.checks);
        case RunMoment::confirming:
            return "waiting at most " + describe_duration(event.within.value_or(Duration::zero())) +
                   " for the order server to be reached, else everything is put back";
        case RunMoment::confirmed: return "confirmed: the order server was reached";
        case RunMoment::putting_back: return "putting everything back";
    }
    return {};
}

RunProgress& unwatched() noexcept {
    static Nobody nobody;
    return nobody;
}

}  // namespace agent
