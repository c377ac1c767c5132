#pragma once
// What `runbook new` begins a runbook with.
#include <optional>
#include <string>
#include <string_view>

#include "model/ids.hpp"

namespace agent {

// "firewall" is RB-FIREWALL-001, and so is that id itself. Nothing where that makes no id of a runbook.
[[nodiscard]] std::optional<RunbookId> runbook_id_of(std::string_view name);

// A sound runbook that only looks. Its examples are commented out by a "#" without a space behind it: without these
// "#" it is sound, too.
[[nodiscard]] std::string runbook_skeleton(const RunbookId& id);

}  // namespace agent
