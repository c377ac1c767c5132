#include "healing/actions.hpp"

#include <array>

#include "healing/waiting_step.hpp"

namespace agent {
namespace {

enum class StepsKind : std::uint8_t { forward, rollback };

struct Entry {
    std::string_view name;
    std::unique_ptr<Action> (*read)(MapReader& step, StepScope& scope);
    const Undo* undo{nullptr};
    CarryOut carry_out{nullptr};
};

constexpr std::array actions{
    Entry{"alert", &read_alert},
    Entry{"backup.restore_test", &read_backup_restore_test, &undo_of_backup_restore_test},
    Entry{"backup.run", &read_backup_run},
    Entry{"check.run", &read_check_run},
    Entry{"command.run", &read_command_run, nullptr, &carry_out_command_run},
    Entry{"file.install", &read_file_install, &undo_of_placed_file},
    Entry{"file.restore", &read_file_restore, &undo_of_placed_file},
    Entry{"luks.report", &read_luks_report},
    Entry{"nft.apply", &read_nft_apply, &undo_of_tables},
    Entry{"nft.restore", &read_nft_restore, &undo_of_tables},
    Entry{"nixos.switch", &read_nixos_switch, &undo_of_nixos_switch},
    Entry{"nixos.test", &read_nixos_test, &undo_of_nixos_test},
    Entry{"package.upgrade", &read_package_upgrade, &undo_of_package_upgrade},
    Entry{"sysctl.set", &read_sysctl_set, &undo_of_sysctl_set},
    Entry{"unit.enable", &read_unit_enable, &undo_of_unit_enable},
    Entry{"unit.restart", &read_unit_restart, nullptr, &carry_out_unit_restart},
    Entry{"unit.start", &read_unit_start, &undo_of_unit_start},
    Entry{"unit.stop", &read_unit_stop, &undo_of_unit_stop},
    Entry{"wait.until", &read_wait_until},
};

const Entry* find_entry(std::string_view action) noexcept {
    for (const auto& entry : actions)
        if (entry.name == action) return &entry;
    return nullptr;
}

bool may_stand(const Entry& entry, StepsKind kind) noexcept {
    return kind == StepsKind::forward || entry.carry_out != nullptr;
}

std::unique_ptr<Action> read_step(MapReader& step, StepScope& scope, StepsKind kind) {
    std::vector<std::string_view> names;
    for (const auto& entry : actions)
        if (may_stand(entry, kind)) names.push_back(entry.name);
    const auto name = step.one_of("action", names);
    step.require("action", kind == StepsKind::forward ? "for example file.install" : "for example unit.restart");
    if (!name) return nullptr;  // the other keys cannot be judged then

    const auto before = step.faults().size();
    auto action = find_entry(*name)->read(step, scope);
    step.finish();
    if (step.faults().size() != before) return nullptr;
    return scope.waits ? waiting_step(std::move(action), scope.arguments) : std::move(action);
}

}  // namespace

Task<std::optional<Value>> Action::save(const ActionTools&, const Value&) { co_return std::optional<Value>{}; }

Result<std::optional<Value>> Action::as_data(const Value&) const { return std::optional<Value>{}; }

const Undo* find_undo(std::string_view action) noexcept {
    const auto* entry = find_entry(action);
    return entry != nullptr ? entry->undo : nullptr;
}

CarryOut find_carry_out(std::string_view action) noexcept {
    const auto* entry = find_entry(action);
    return entry != nullptr ? entry->carry_out : nullptr;
}

std::unique_ptr<Action> read_action(MapReader& step, StepScope& scope) {
    return read_step(step, scope, StepsKind::forward);
}

std::unique_ptr<Action> read_rollback_action(MapReader& step, StepScope& scope) {
    scope.is_rollback = true;
    auto action = read_step(step, scope, StepsKind::rollback);
    if (action == nullptr || action->changes_host()) return action;
    step.fault("action", "only looks, and takes nothing back; leave it out, or `changes: false`");
    return nullptr;
}

}  // namespace agent
