#pragma once
// How evidence of a run tells its steps and the check that it repairs, whoever brings the run to its end.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "model/check.hpp"
#include "model/value.hpp"
#include "store/healing_journal.hpp"

namespace agent {

// "step 2 (file.install)"
[[nodiscard]] std::string label_of_step(std::int64_t step, std::string_view action);
// An entry of `steps` in pre_state and post_state.
[[nodiscard]] Value state_of_step(std::int64_t step, std::string_view action, Value state);
// The member `check` of pre_state and post_state.
[[nodiscard]] Value state_of_check(const CheckReport& report);
// The NixOS generation that putting `steps` back leads to: the first one that a step saved under this name.
[[nodiscard]] std::optional<std::int64_t> rollback_generation_of(const std::vector<BegunStep>& steps);
[[nodiscard]] double seconds_between(MonoTime start, MonoTime end) noexcept;

}  // namespace agent
