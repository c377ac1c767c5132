#pragma once
// What a run is doing at this moment, for whoever watches it. It decides nothing and is kept nowhere: what happened is
// in the evidence.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/port.hpp"
#include "base/time.hpp"
#include "model/ids.hpp"

namespace agent {

enum class RunMoment : std::uint8_t {
    looking,  // at the host and `checks`, before anything is done
    step_begins,
    step_ended,    // with its result; what was put back is told behind `putting_back`, once all is
    verifying,     // by `checks`
    confirming,    // the order server has to be reached
    confirmed,     // it was
    putting_back,  // everything that was changed
};

struct RunEvent {
    RunMoment moment{};
    RunbookId runbook;
    std::vector<CheckName> checks;
    std::int64_t step{};  // of a step, from 1
    std::int64_t steps{};
    std::string action;
    std::string result;                // as in evidence: "done"
    double seconds{};                  // how long the step took
    std::optional<Duration> within{};  // until then it must be confirmed
};

// One line for a person: "2/3 unit.restart: done, 0.412 s".
[[nodiscard]] std::string describe(const RunEvent& event);

class RunProgress : public Port {
public:
    virtual void tell(const RunEvent& event) = 0;
};

// Nobody watches.
[[nodiscard]] RunProgress& unwatched() noexcept;

}  // namespace agent
