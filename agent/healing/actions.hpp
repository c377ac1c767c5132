#pragma once
// The table of actions: from a step of a runbook file to the action that it names.
#include <memory>
#include <string_view>

#include "healing/action.hpp"
#include "healing/template.hpp"

namespace agent {

// Reads the member `action` of `step` and, with that action's own reader, the rest. Null where there is a fault, which
// was then reported to `step`.
[[nodiscard]] std::unique_ptr<Action> read_action(MapReader& step, StepScope& scope);

// The same for a step under `rollback`, where only actions may stand that can be carried out from data, and nothing is
// known of what steps print.
[[nodiscard]] std::unique_ptr<Action> read_rollback_action(MapReader& step, StepScope& scope);

// Null where `action` cannot stand under `rollback`.
[[nodiscard]] CarryOut find_carry_out(std::string_view action) noexcept;
[[nodiscard]] Task<StepOutcome> carry_out_command_run(const ActionTools& tools, Value data);
[[nodiscard]] Task<StepOutcome> carry_out_unit_restart(const ActionTools& tools, Value data);

// Null where steps of `action` cannot be undone.
[[nodiscard]] const Undo* find_undo(std::string_view action) noexcept;
extern const Undo undo_of_backup_restore_test;
extern const Undo undo_of_nixos_switch;
extern const Undo undo_of_nixos_test;
extern const Undo undo_of_package_upgrade;
extern const Undo undo_of_placed_file;
extern const Undo undo_of_sysctl_set;
extern const Undo undo_of_tables;
extern const Undo undo_of_unit_enable;
extern const Undo undo_of_unit_start;
extern const Undo undo_of_unit_stop;

// One action each, in the file of its name.
[[nodiscard]] std::unique_ptr<Action> read_alert(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_backup_restore_test(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_backup_run(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_check_run(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_command_run(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_file_install(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_file_restore(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_luks_report(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_nft_apply(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_nft_restore(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_nixos_switch(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_nixos_test(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_package_upgrade(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_sysctl_set(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_unit_enable(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_unit_restart(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_unit_start(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_unit_stop(MapReader& step, StepScope& scope);
[[nodiscard]] std::unique_ptr<Action> read_wait_until(MapReader& step, StepScope& scope);

}  // namespace agent
