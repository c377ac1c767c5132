// unit.start: a unit that is down is brought up. The undo stops it again.
#include "healing/actions.hpp"
#include "healing/bring_unit.hpp"

namespace agent {

const Undo undo_of_unit_start{&describe_unit_undo, &undo_bring_unit};

std::unique_ptr<Action> read_unit_start(MapReader& step, StepScope& scope) {
    auto rule = read_unit_rule(step, scope);
    if (!rule) return nullptr;
    return bring_unit_action("unit.start", UnitJob::start, *std::move(rule));
}

}  // namespace agent
