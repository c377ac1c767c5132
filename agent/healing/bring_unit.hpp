#pragma once
// A unit brought up or down, and back: what unit.start, unit.stop and `now` of unit.enable share.
#include <optional>
#include <string>

#include "healing/unit_facts.hpp"

namespace agent {

// How a job ended, by a second look: a job can be done and the unit still be down.
struct JobEnd {
    bool touched{};
    std::optional<UnitState> after;
    std::string why;  // empty: the unit is as the job should leave it
};
[[nodiscard]] Task<JobEnd> bring_unit(const ActionTools& tools, std::string unit, UnitJob job, Duration limit);

// What put_unit_back needs once `job` was run. `refused` where the opposite job would not put everything back.
[[nodiscard]] Task<Value> save_unit(const ActionTools& tools, std::string unit, UnitJob job, Duration limit);
// "stop ssh.service again"
[[nodiscard]] std::string describe_unit_undo(const Value& saved);
[[nodiscard]] Task<> put_unit_back(const ActionTools& tools, Value saved);

// unit.start and unit.stop.
[[nodiscard]] std::unique_ptr<Action> bring_unit_action(std::string_view name, UnitJob job, UnitRule rule);
// Their undo.
[[nodiscard]] Task<Value> undo_bring_unit(const ActionTools& tools, Value saved);

}  // namespace agent
