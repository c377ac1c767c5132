// unit.stop: a unit that is up is brought down. The undo starts it again.
#include "healing/actions.hpp"
#include "healing/bring_unit.hpp"

namespace agent {

const Undo undo_of_unit_stop{&describe_unit_undo, &undo_bring_unit};

std::unique_ptr<Action> read_unit_stop(MapReader& step, StepScope& scope) {
    auto rule = read_unit_rule(step, scope);
    if (!rule) return nullptr;
    return bring_unit_action("unit.stop", UnitJob::stop, *std::move(rule));
}

}  // namespace agent
