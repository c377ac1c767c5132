#pragma once
// One check: looks at the host, changes nothing, says exactly what it saw. A new check is a class of its own in a file
// of its own and one line in catalogue.cpp.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/time_source.hpp"
#include "base/port.hpp"
#include "drift/baseline.hpp"
#include "host/process_runner.hpp"
#include "model/check.hpp"

namespace agent {

// What a check may use.
struct CheckTools {
    ProcessRunner& processes;
    const TimeSource& time;
};

class Check : public Port {
public:
    [[nodiscard]] virtual const CheckSettings& settings() const noexcept = 0;
    // `notes` is what this check kept from earlier runs (JSON; empty at first); it may change them. What could not be
    // determined is a finding with result `error` that names the reason and the missing right; nothing throws.
    [[nodiscard]] virtual Task<CheckReport> look(const CheckTools& tools, std::string& notes) = 0;
    // For `check --explain`: what it looks at, why, and which control wants it.
    [[nodiscard]] virtual std::string explain() const = 0;
};

using Checks = std::vector<std::unique_ptr<Check>>;

// Every check that the baseline asks for, in a fixed order.
[[nodiscard]] Checks make_checks(const Baseline& baseline);

struct CheckOutcome {
    CheckReport report;
    std::string notes;
    bool notes_changed{};
};

// One round: all of `checks` at the same time, each within its own limit (`default_limit` unless it says otherwise);
// one that takes too long is `timeout` with its processes gone and delays no other. `notes_of` gives what each kept.
// The reports come in the order of `checks`. `only` empty: all; an unknown name is `not_found`, naming the nearest.
[[nodiscard]] Task<std::vector<CheckOutcome>> run_checks(Checks& checks, std::vector<CheckName> only, TimeSource& time,
                                                         ProcessRunner& processes, Duration default_limit,
                                                         std::function<std::string(const CheckName&)> notes_of);

}  // namespace agent
