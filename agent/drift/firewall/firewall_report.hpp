#pragma once
// What was seen of the firewall, judged.
#include "drift/firewall/firewall_view.hpp"

namespace agent {

[[nodiscard]] CheckReport judge_firewall(const FirewallBaseline& baseline, const FirewallView& view);

}  // namespace agent
