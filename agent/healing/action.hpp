#pragma once
// One typed action: what it would do, what its undo will need, doing it. A new action is a class of its own in a file
// of its own and one line in the table of actions.cpp, with its undo beside it. There is no shell.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/time_source.hpp"
#include "base/port.hpp"
#include "drift/baseline.hpp"
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
    // What is declared of this host, as last loaded; never null.
    std::function<std::shared_ptr<const Baseline>()> baseline;
};

struct StepOutcome {
    ActionTaken taken;  // `step`, `action`, `duration_sec` and `result` are set by the engine
    bool succeeded{};
    bool touched{};                      // changed something, or may have: to be undone, or said to be beyond undoing
    std::string why;                     // where it did not succeed
    std::string alert;                   // what only a person can do; the run ends as `alert` then
    std::optional<std::string> printed;  // by a program whose output later steps may name (step_output.hpp)
    Value state;                         // what it saw afterwards; for pre_state too where it changes nothing
};

class Action : public Port {
public:
    [[nodiscard]] virtual std::string_view name() const noexcept = 0;  // "file.install"
    [[nodiscard]] virtual bool changes_host() const noexcept = 0;
    [[nodiscard]] virtual bool can_undo() const noexcept = 0;
    // Everywhere: `params` are the values for what markers stand in its arguments (template.hpp).
    //
    // Looks, changes nothing: `current` and `desired` say what perform() would change, in the same terms; where they
    // are equal there is nothing to do. `step` is set by the engine.
    [[nodiscard]] virtual Task<PlanStep> plan(const ActionTools& tools, const Value& params) = 0;
    // Looks, changes nothing: an object with all that its undo needs, written down before perform() is called, since
    // the undo may come after a power failure. Nothing where it has no undo.
    [[nodiscard]] virtual Task<std::optional<Value>> save(const ActionTools& tools, const Value& params);
    // For a step under `rollback`: an object with all that carrying it out needs, every value filled in, since it may
    // come after a power failure, and the runbook be another by then. Nothing where the action cannot stand there.
    [[nodiscard]] virtual Result<std::optional<Value>> as_data(const Value& params) const;
    // `saved` is what save() gave; where the host is not so any more, nothing is done. Errors are for what kept it from
    // looking or starting; the step failed then and nothing was touched.
    [[nodiscard]] virtual Task<StepOutcome> perform(const ActionTools& tools, const Value& params,
                                                    const std::optional<Value>& saved) = 0;
};

// How the steps of one action are put back, from what was saved alone: the runbook may be another by then.
struct Undo {
    // For evidence: "put back the former /etc/motd".
    std::string (*describe)(const Value& saved);
    // Does nothing where nothing was changed, and may come a second time after it was cut short. Gives what it found
    // afterwards, in the terms of plan().
    Task<Value> (*carry_out)(const ActionTools& tools, Value saved);
};

// How a step under `rollback` is carried out, from what as_data() gave alone. It may come a second time.
using CarryOut = Task<StepOutcome> (*)(const ActionTools& tools, Value data);

}  // namespace agent
