#pragma once
// One typed action: what it would do, doing it, undoing it. A new action is a class of its own in a file of its own and
// one line in the table of actions.cpp. There is no shell.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/time_source.hpp"
#include "base/port.hpp"
#include "host/process_runner.hpp"
#include "host/units.hpp"
#include "model/bundle.hpp"
#include "model/check.hpp"

namespace agent {

// What an action may use.
struct ActionTools {
    ProcessRunner& processes;
    UnitManager& units;
    TimeSource& time;
    // Runs drift checks afresh (all of the baseline if empty) without recording them.
    std::function<Task<std::vector<CheckReport>>(std::vector<CheckName>)> run_checks;
};

struct Undo {
    std::string what;  // for evidence
    std::function<Task<>()> carry_out;
};

struct StepOutcome {
    ActionTaken taken;  // `step`, `action`, `duration_sec` and `result` are set by the engine
    bool succeeded{};
    bool touched{};            // changed something, or may have: to be undone, or said to be beyond undoing
    std::string why;           // where it did not succeed
    std::optional<Undo> undo;  // also of a step that failed half-way
    Value state;               // what it saw afterwards; for pre_state too where it changes nothing
};

class Action : public Port {
public:
    [[nodiscard]] virtual std::string_view name() const noexcept = 0;  // "file.install"
    [[nodiscard]] virtual bool changes_host() const noexcept = 0;
    [[nodiscard]] virtual bool can_undo() const noexcept = 0;
    // Looks, changes nothing: `current` and `desired` say what perform() would change, in the same terms. `step` is set
    // by the engine.
    [[nodiscard]] virtual Task<PlanStep> plan(const ActionTools& tools, const Value& params) = 0;
    // Errors are for what kept it from looking or starting; the step failed then and nothing was touched.
    [[nodiscard]] virtual Task<StepOutcome> perform(const ActionTools& tools, const Value& params) = 0;
};

}  // namespace agent
